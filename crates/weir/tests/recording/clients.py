"""The official Python clients as they are, through a Weir: one JSON line for each
call, what it sent and what came of it as far as it saw that."""

import json
import os

import anthropic
import openai

BASE, KEY = os.environ["WEIR_BASE"], os.environ["WEIR_KEY"]
client = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
claude = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0)
OPENAI_AGENT, ANTHROPIC_AGENT = client.user_agent, claude.user_agent
SILENT = {"x-stand-in-chunks": "40", "x-stand-in-silent-after": "6"}


def say(**call):
    call = {"agent": ANTHROPIC_AGENT if call["api"].startswith("anthropic") else OPENAI_AGENT, "status": 200,
            "refusal": False, "truncated": False, "model": "fable-5", "stream": False, "n": None, "temperature": None,
            "logprobs": None, "conversation": None, "usage": None, "system": None, "first": None, "last": None} | call
    print(json.dumps(call), flush=True)


def of(raw):
    return raw.headers["weir-decision"]


def chat():
    ask = {"model": "fable-5", "temperature": 0.25, "n": 2, "logprobs": True, "max_completion_tokens": 301, "messages": [
        {"role": "system", "content": "Answer as the harbour master."}, {"role": "user", "content": "Which lantern?"},
        {"role": "assistant", "content": "The granite one."},
        {"role": "user", "content": [{"type": "text", "text": "And the saffron one?"}]}]}
    raw = client.chat.completions.with_raw_response.create(**ask)
    usage = raw.parse().usage
    say(api="openai.chat", decision=of(raw), temperature=0.25, n=2, logprobs=True, max_tokens=301,
        system="Answer as the harbour master.", first="Which lantern?", last="And the saffron one?",
        usage=[usage.prompt_tokens, usage.completion_tokens])


def chat_streamed():
    ask = {"model": "fable-5", "temperature": 0.5, "max_tokens": 302, "messages": [{"role": "user", "content": "Which pier?"}]}
    with client.chat.completions.with_streaming_response.create(
            **ask, stream=True, stream_options={"include_usage": True}) as raw:
        chunks = list(raw.parse())
    usage = [chunk.usage for chunk in chunks if chunk.usage][-1]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    say(api="openai.chat", decision=of(raw), stream=True, temperature=0.5, max_tokens=302, last="Which pier?",
        usage=[usage.prompt_tokens, usage.completion_tokens])


def chat_abandoned():
    """Closed by its reader in mid-stream, after a chunk with text."""
    ask = {"model": "fable-5", "max_tokens": 303, "messages": [{"role": "user", "content": "Which rope?"}]}
    with client.chat.completions.with_streaming_response.create(**ask, stream=True, extra_headers=SILENT) as raw:
        for chunk in raw.parse():
            if chunk.choices and chunk.choices[0].delta.content:
                break
    say(api="openai.chat", decision=of(raw), stream=True, max_tokens=303, last="Which rope?", truncated=True, refusal=None)


def chat_given_up():
    """Given up before anything came of it."""
    ask = {"model": "fable-5", "max_tokens": 304, "messages": [{"role": "user", "content": "Which gull?"}]}
    try:
        client.with_options(timeout=1.0).chat.completions.create(**ask, extra_headers={"x-stand-in-hang": "1"})
    except openai.APITimeoutError:
        say(api="openai.chat", decision=None, max_tokens=304, last="Which gull?", status=499, refusal=None)
    else:
        raise AssertionError("it was answered")


def responses():
    ask = {"model": "fable-5", "instructions": "Be brief.", "input": "Which tide?", "max_output_tokens": 305}
    raw = client.responses.with_raw_response.create(**ask)
    usage = raw.parse().usage
    say(api="openai.responses", decision=of(raw), max_tokens=305, system="Be brief.", last="Which tide?",
        usage=[usage.input_tokens, usage.output_tokens])
    ask = {"model": "fable-5", "input": [{"role": "user", "content": "Which buoy?"}], "max_output_tokens": 306}
    with client.responses.with_streaming_response.create(**ask, stream=True, temperature=0.75) as raw:
        last = list(raw.parse())[-1]
    say(api="openai.responses", decision=of(raw), stream=True, temperature=0.75, max_tokens=306, last="Which buoy?",
        usage=[last.response.usage.input_tokens, last.response.usage.output_tokens])


def messages():
    ask = {"model": "fable-5", "max_tokens": 307, "system": "Answer as the pilot.", "extra_body": {"temperature": 1.0},
           "messages": [{"role": "user", "content": "Which channel?"}]}
    raw = claude.messages.with_raw_response.create(**ask)
    usage = raw.parse().usage
    say(api="anthropic.messages", decision=of(raw), temperature=1.0, max_tokens=307, system="Answer as the pilot.",
        last="Which channel?", usage=[usage.input_tokens, usage.output_tokens])


def messages_streamed():
    ask = {"model": "fable-5", "max_tokens": 308, "messages": [{"role": "user", "content": "Which sail?"}]}
    with claude.messages.stream(**ask) as stream:
        assert "".join(stream.text_stream)
        usage = stream.get_final_message().usage
        decision = of(stream.response)
    say(api="anthropic.messages", decision=decision, stream=True, max_tokens=308, last="Which sail?",
        usage=[usage.input_tokens, usage.output_tokens])


def messages_abandoned():
    ask = {"model": "fable-5", "max_tokens": 309, "messages": [{"role": "user", "content": "Which knot?"}]}
    with claude.messages.stream(**ask, extra_headers=SILENT) as stream:
        next(iter(stream.text_stream))
        decision = of(stream.response)
    say(api="anthropic.messages", decision=decision, stream=True, max_tokens=309, last="Which knot?", truncated=True,
        refusal=None)


def refused_by_the_model_server():
    ask = {"model": "fable-5", "max_tokens": 310, "messages": [{"role": "user", "content": "Which crane?"}]}
    for sdk, api, call in [(openai, "openai.chat", client.chat.completions.create), (anthropic, "anthropic.messages", claude.messages.create)]:
        try:
            call(**ask, extra_headers={"x-stand-in-status": "422"})
        except sdk.UnprocessableEntityError as error:
            say(api=api, decision=of(error.response), max_tokens=310, last="Which crane?", status=422, refusal=None)
        else:
            raise AssertionError("a 422 was taken")


def refused_by_the_rules():
    """No exchange comes of it."""
    for sdk, call in [(openai, client.chat.completions.create), (anthropic, claude.messages.create)]:
        try:
            call(model="mythos-5", max_tokens=311, messages=[{"role": "user", "content": "Which key?"}])
        except sdk.PermissionDeniedError as error:
            print(json.dumps({"refused": of(error.response)}), flush=True)
        else:
            raise AssertionError("a model for others answered")


for call in [chat, chat_streamed, chat_abandoned, chat_given_up, responses, messages, messages_streamed,
             messages_abandoned, refused_by_the_model_server, refused_by_the_rules]:
    call()
