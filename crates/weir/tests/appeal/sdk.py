"""A customer's own program, with an official client: served or denied, and why."""
import os
import openai

client = openai.OpenAI(base_url=os.environ["WEIR_BASE"] + "/v1", api_key=os.environ["WEIR_KEY"], max_retries=0)
try:
    answer = client.chat.completions.create(model="fable-5", messages=[{"role": "user", "content": "hello"}])
    print("served", answer.model)
except openai.PermissionDeniedError as denied:
    headers = denied.response.headers
    print("denied", headers["weir-decision"], headers["weir-rule"], denied.message)
