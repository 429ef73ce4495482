"""The official Python clients, unmodified, against the stand-in.

Run with the stand-in's address (see examples/stand_in.rs), with the pinned
packages installed: openai==3.54.0 anthropic==2.12.0.
    python tests/sdk.py http://127.0.0.1:PORT
"""

import asyncio
import json
import sys

import anthropic
import openai

BASE = sys.argv[1]
WEATHER = "What is the weather in Xanthe?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
client = openai.OpenAI(base_url=BASE + "/v1", api_key="k", max_retries=2)
claude = anthropic.Anthropic(base_url=BASE, api_key="k", max_retries=2)


def turns(text):
    return [{"role": "user", "content": text}]


def chat():
    reply = client.chat.completions.create(model="mythos-5", messages=turns("hi"), n=2)
    assert len(reply.choices) == 2 and reply.choices[0].message.content
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    text, usage = "", None
    for chunk in client.chat.completions.create(
        model="mythos-5", messages=turns("hi"), stream=True,
        stream_options={"include_usage": True},
        extra_headers={"x-stand-in-comments": "1", "x-stand-in-write-bytes": "5"},
    ):
        usage = chunk.usage or usage
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
    assert text and usage.completion_tokens > 0
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    with client.chat.completions.stream(
        model="mythos-5", messages=turns(WEATHER), tools=tools
    ) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0].function
    assert call.name == "get_weather" and "晴" in json.loads(call.arguments)["city"]
    done = client.completions.create(model="mythos-5", prompt="once")
    assert done.choices[0].text and done.choices[0].finish_reason
    assert "".join(chunk.choices[0].text for chunk in client.completions.create(
        model="mythos-5", prompt="once", stream=True))
    assert len(client.embeddings.create(model="e", input=["a", "b"]).data[1].embedding) == 64
    assert [m.id for m in client.models.list()][0] == "mythos-5"


def responses():
    reply = client.responses.create(model="mythos-5", input="hi")
    assert reply.output_text and reply.usage.output_tokens > 0
    with client.responses.stream(model="mythos-5", input="hi") as stream:
        assert stream.get_final_response().output_text
    tools = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}]
    with client.responses.stream(model="mythos-5", input=WEATHER, tools=tools) as stream:
        item = stream.get_final_response().output[0]
    assert item.name == "get_weather" and "city" in json.loads(item.arguments)


def messages():
    reply = claude.messages.create(model="fable-5", max_tokens=200, messages=turns("hi"))
    assert reply.content[0].text and reply.stop_reason == "end_turn"
    with claude.messages.stream(model="fable-5", max_tokens=200, messages=turns("hi")) as stream:
        assert "".join(stream.text_stream)
        assert stream.get_final_message().usage.output_tokens > 0
    tools = [{"name": "get_weather", "input_schema": SCHEMA}]
    with claude.messages.stream(
        model="fable-5", max_tokens=200, messages=turns(WEATHER), tools=tools
    ) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use" and final.content[1].input["unit"] == "celsius"
    counted = claude.messages.count_tokens(model="fable-5", messages=turns("hi"))
    assert counted.input_tokens > 0
    assert [m.id for m in claude.models.list()][0] == "mythos-5"


def errors():
    def refused(status):
        return {"x-stand-in-status": str(status)}

    for status, kind in [(403, "PermissionDeniedError"), (404, "NotFoundError"),
                         (401, "AuthenticationError"), (400, "BadRequestError")]:
        for sdk, call in [
            (openai, lambda h: client.chat.completions.create(
                model="m", messages=turns("hi"), extra_headers=h)),
            (anthropic, lambda h: claude.messages.create(
                model="m", max_tokens=9, messages=turns("hi"), extra_headers=h)),
        ]:
            try:
                call(refused(status))
            except getattr(sdk, kind) as error:
                assert error.status_code == status and "as asked" in str(error)
            else:
                raise AssertionError(f"{sdk.__name__} took a {status}")
    twice = {"x-stand-in-status": "503", "x-stand-in-fail-times": "2"}
    client.chat.completions.create(
        model="m", messages=turns("hi"), extra_headers=twice | {"x-stand-in-fail-key": "o"})
    claude.messages.create(
        model="m", max_tokens=9, messages=turns("hi"),
        extra_headers=twice | {"x-stand-in-fail-key": "a"})


async def at_once():
    both = openai.AsyncOpenAI(base_url=BASE + "/v1", api_key="k")
    replies = await asyncio.gather(*[
        both.chat.completions.create(model="m", messages=turns(f"hi {n}")) for n in range(20)])
    assert all(reply.choices[0].message.content for reply in replies)
    stream = await both.chat.completions.create(
        model="m", messages=turns("hi"), stream=True,
        extra_headers={"x-stand-in-silent-after": "2"})
    async for _ in stream:
        break
    await stream.close()


chat()
responses()
messages()
errors()
asyncio.run(at_once())
print("openai", openai.__version__, "and anthropic", anthropic.__version__, "accept the stand-in")
