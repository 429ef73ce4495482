"""The official Python clients, unmodified, against a Weir under order."""

import asyncio
import json
import os

import anthropic
import openai

BASE = os.environ["WEIR_BASE"]
KEY, DENIED = os.environ["WEIR_KEY"], os.environ["WEIR_DENIED_KEY"]
WEATHER = "What is the weather in Xanthe?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
client = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=2)
claude = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=2)


def turns(text):
    return [{"role": "user", "content": text}]


def chat():
    raw = client.chat.completions.with_raw_response.create(model="mythos-5", messages=turns("hi"), n=2)
    assert raw.headers["weir-decision"].startswith("dec-")
    assert len(raw.parse().choices) == 2
    text, usage = "", None
    for chunk in client.chat.completions.create(
        model="mythos-5", messages=turns("hi"), stream=True, stream_options={"include_usage": True},
        extra_headers={"x-stand-in-comments": "1", "x-stand-in-write-bytes": "5"},
    ):
        usage = chunk.usage or usage
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
    assert text and usage.completion_tokens > 0
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    with client.chat.completions.stream(model="mythos-5", messages=turns(WEATHER), tools=tools) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0].function
    assert call.name == "get_weather" and "晴" in json.loads(call.arguments)["city"]
    assert client.completions.create(model="mythos-5", prompt="once").choices[0].text
    assert len(client.embeddings.create(model="fable-5", input=["a", "b"]).data[1].embedding) == 64


def models():
    assert {model.id for model in client.models.list()} == {"mythos-5", "fable-5"}
    assert {model.id for model in claude.models.list()} == {"mythos-5", "fable-5"}
    denied = openai.OpenAI(base_url=BASE + "/v1", api_key=DENIED)
    assert [model.id for model in denied.models.list()] == []


def responses():
    reply = client.responses.create(model="mythos-5", input="hi")
    assert reply.output_text and reply.usage.output_tokens > 0
    with client.responses.stream(model="mythos-5", input="hi") as stream:
        assert stream.get_final_response().output_text
    # An answer of one's own may be gone on from; any other is refused.
    client.responses.create(model="mythos-5", input="and?", previous_response_id=reply.id)
    try:
        client.responses.create(model="mythos-5", input="and?", previous_response_id="resp_of_another")
    except openai.APIStatusError as error:
        assert error.status_code in (400, 403, 404), error
    else:
        raise AssertionError("somebody else's answer was gone on from")


def messages():
    reply = claude.messages.create(model="fable-5", max_tokens=200, messages=turns("hi"))
    assert reply.content[0].text and reply.stop_reason == "end_turn"
    with claude.messages.stream(model="fable-5", max_tokens=200, messages=turns("hi")) as stream:
        assert "".join(stream.text_stream)
        assert stream.get_final_message().usage.output_tokens > 0
    tools = [{"name": "get_weather", "input_schema": SCHEMA}]
    with claude.messages.stream(model="fable-5", max_tokens=200, messages=turns(WEATHER), tools=tools) as stream:
        assert stream.get_final_message().stop_reason == "tool_use"
    assert claude.messages.count_tokens(model="fable-5", messages=turns("hi")).input_tokens > 0


def calls(openai_client, claude_client, headers):
    return [
        (openai, lambda: openai_client.chat.completions.create(
            model="mythos-5", messages=turns("hi"), extra_headers=headers)),
        (anthropic, lambda: claude_client.messages.create(
            model="mythos-5", max_tokens=9, messages=turns("hi"), extra_headers=headers)),
    ]


def denied():
    both = (openai.OpenAI(base_url=BASE + "/v1", api_key=DENIED), anthropic.Anthropic(base_url=BASE, api_key=DENIED))
    for sdk, call in calls(*both, {}):
        try:
            call()
        except sdk.PermissionDeniedError as error:
            text = str(error)
            for wanted in ["Access to this model is limited by order", "2026-06-12-order/named", "744.22(b)", "Appeal:"]:
                assert wanted in text, text
            assert error.response.headers["weir-rule"] == "2026-06-12-order/named"
            assert error.response.headers["weir-decision"].startswith("dec-")
        else:
            raise AssertionError(f"{sdk.__name__}: the order was not obeyed")
    try:
        for _ in both[0].chat.completions.create(model="mythos-5", messages=turns("hi"), stream=True):
            raise AssertionError("a denied stream began")
    except openai.PermissionDeniedError:
        pass


def limited():
    """The first of each API is served, and then its own RateLimitError is raised."""
    key = os.environ["WEIR_LIMITED_KEY"]
    both = (openai.OpenAI(base_url=BASE + "/v1", api_key=key, max_retries=0),
            anthropic.Anthropic(base_url=BASE, api_key=key, max_retries=0))
    for _, call in calls(*both, {}):
        call()
    for sdk, call in calls(*both, {}):
        try:
            call()
        except sdk.RateLimitError as error:
            assert error.status_code == 429
            for wanted in ["2 requests a day", "limit/account", "Try again in"]:
                assert wanted in str(error), str(error)
            assert error.response.headers["weir-rule"] == "limit/account"
            assert error.response.headers["weir-decision"].startswith("dec-")
            assert int(error.response.headers["retry-after"]) > 3600
        else:
            raise AssertionError(f"{sdk.__name__}: the limit was not kept")
    try:
        for _ in both[0].chat.completions.create(model="mythos-5", messages=turns("hi"), stream=True):
            raise AssertionError("a stream beyond the limit began")
    except openai.RateLimitError:
        pass


def withheld():
    """What a measure takes out of answers is missed by no client."""
    key, thinks = os.environ["WEIR_WITHHELD_KEY"], {"x-stand-in-reasoning": "3", "x-stand-in-write-bytes": "11"}
    chatty = openai.OpenAI(base_url=BASE + "/v1", api_key=key, default_headers=thinks)
    thinker = anthropic.Anthropic(base_url=BASE, api_key=key, default_headers=thinks)
    ask = {"model": "mythos-5", "messages": turns("hi"), "n": 2, "logprobs": True}
    raw = chatty.chat.completions.with_raw_response.create(**ask)
    assert "measure/withhold" == raw.headers["weir-rule"] and "too much like others" in raw.headers["weir-notice"]
    reply = raw.parse()
    assert len(reply.choices) == 1 and reply.choices[0].message.content and reply.choices[0].logprobs is None
    assert "thought" not in raw.text and reply.usage.completion_tokens_details.reasoning_tokens > 0
    with chatty.chat.completions.stream(**ask, stream_options={"include_usage": True}) as stream:
        final = stream.get_final_completion()
    assert len(final.choices) == 1 and "thought" not in final.to_json() and final.usage.completion_tokens > 0
    reply = chatty.responses.create(model="mythos-5", input="hi")
    assert reply.output_text and [item.type for item in reply.output] == ["message"]
    with chatty.responses.stream(model="mythos-5", input="hi") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text and not [event.type for event in events if "reasoning" in event.type]
    ask = {"model": "fable-5", "max_tokens": 200, "messages": turns("hi")}
    assert [block.type for block in thinker.messages.create(**ask).content] == ["text"]
    tools = [{"name": "get_weather", "input_schema": SCHEMA}]
    ask = ask | {"messages": turns(WEATHER), "tools": tools}
    with thinker.messages.stream(**ask) as stream:
        assert "".join(stream.text_stream)
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["text", "tool_use"] and "晴" in final.content[1].input["city"]
    assert final.usage.output_tokens > 0


def errors():
    wrong = (openai.OpenAI(base_url=BASE + "/v1", api_key="wrong"), anthropic.Anthropic(base_url=BASE, api_key="wrong"))
    for sdk, call in calls(*wrong, {}):
        try:
            call()
        except sdk.AuthenticationError as error:
            assert error.status_code == 401
        else:
            raise AssertionError("a wrong key was taken")
    try:
        client.chat.completions.create(model="none-such", messages=turns("hi"))
    except openai.NotFoundError as error:
        assert "none-such" in str(error)
    else:
        raise AssertionError("a model that is not there answered")
    for status, kind in [(400, "BadRequestError"), (422, "UnprocessableEntityError")]:
        for sdk, call in calls(client, claude, {"x-stand-in-status": str(status)}):
            try:
                call()
            except getattr(sdk, kind) as error:
                assert "as asked" in str(error)
            else:
                raise AssertionError(f"{sdk.__name__} took a {status}")
    for name in ["o", "a"]:
        flaky = {"x-stand-in-status": "503", "x-stand-in-fail-times": "2", "x-stand-in-fail-key": name}
        calls(client, claude, flaky)[name == "a"][1]()


async def at_once():
    both = openai.AsyncOpenAI(base_url=BASE + "/v1", api_key=KEY)
    asked = [both.chat.completions.create(model="fable-5", messages=turns(f"hi {n}")) for n in range(20)]
    assert all(reply.choices[0].message.content for reply in await asyncio.gather(*asked))
    sonnets = anthropic.AsyncAnthropic(base_url=BASE, api_key=KEY)
    asked = [sonnets.messages.create(model="fable-5", max_tokens=9, messages=turns(f"hi {n}")) for n in range(20)]
    assert all(reply.content[0].text for reply in await asyncio.gather(*asked))
    stream = await both.chat.completions.create(
        model="fable-5", messages=turns("hi"), stream=True, extra_headers={"x-stand-in-silent-after": "2"})
    async for _ in stream:
        break
    await stream.close()


for check in [chat, models, responses, messages, denied, limited, withheld, errors]:
    check()
    print(check.__name__, "holds")
asyncio.run(at_once())
print("at_once holds; openai", openai.__version__, "anthropic", anthropic.__version__)
