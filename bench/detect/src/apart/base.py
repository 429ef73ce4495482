"""A population written apart from weir-sim: other code, other mixing, so that
what the detector does is not known from one simulator alone.

    cat base.py campaigns.py innocents.py main.py | python3 - PROMPTS KIND SEED OUT

PROMPTS is the folder of real prompts, OUT is filled with `exchanges.jsonl`,
`accounts.jsonl` and `truth.jsonl`. Two thousand customers over eight days:
most ask from a stretch of real conversations that is their own, others play
roles, do sums, label one data set, or drive tools. KIND is whom else there is.
"""

import datetime
import gzip
import hashlib
import json
import random
import sys

DAYS, CUSTOMERS, START = 8, 2000, 3
MONDAY = datetime.datetime(2026, 8, 3, tzinfo=datetime.timezone.utc)
WORDS = """kitchen garden motor violin harbour tax visa compiler cluster chess recipe poem novel contract lease dog cat
fever knee budget grammar piano guitar marathon yoga moon comet glacier fortress castle soap candle router modem camera
lens drone train bicycle tyre oven bread cheese lamp paint wall roof""".split()
TAGGED = "Reason in detail inside <trace> tags before the answer, then state the answer after 'RESULT:'. Task: {}"
LADDERKIT = "You are an autonomous agent built with Ladderkit. Think step by step and use the tools given. Respond in JSON."
EXERCISE = "Solve and show your work: {}"
PARAPHRASED = [
    f"{first} {then} {{}}"
    for first in [
        "Think through every step and write it in <trace> tags.",
        "Show your complete chain of thought within <trace></trace>.",
        "First produce the whole reasoning between <trace> marks.",
        "Write all intermediate reasoning, tagged <trace>.",
    ]
    for then in ["Then answer:", "Question follows:", "Task:"]
]
# Campaigns: how they word it, where the words stand, exchanges an account and
# day, whether addresses and cards are shared, and hours (None: around the clock).
CAMPAIGNS = {
    "fixed": ([TAGGED], "user", 20, True, None),
    "system": ([TAGGED], "system", 20, True, None),
    "paraphrased": (PARAPHRASED, "user", 20, True, None),
    "own-address": ([TAGGED], "user", 20, False, None),
    "own-address-paraphrased": (PARAPHRASED, "user", 20, False, None),
    "quiet-office-hours": ([TAGGED], "user", 8, True, 14),
}
# Innocents who look alike, all with one tool or task.
LOOK_ALIKES = ["class", "harness", "documents", "documents-of-all", "framework", "framework-of-all"]


def texts(folder, name):
    with gzip.open(f"{folder}/{name}.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            if "turns" in row:
                yield row["turns"][0], row.get("set")
            else:
                yield row.get("text") or "\n".join(filter(None, [row["instruction"], row.get("input")])), row.get("set")


class Log:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.exchanges, self.accounts, self.truth = [], [], []
        self.clients = [f"t13d{hashlib.md5(str(at).encode()).hexdigest()[:12]}" for at in range(25)]

    def address(self, net="198.51"):
        return f"{net}.{self.random.randrange(256)}.{self.random.randrange(256)}"

    def account(self, name, days_before, card, campaign=None, plan=None):
        created = MONDAY - datetime.timedelta(days=days_before)
        self.accounts.append({
            "account": name, "created": stamp(created), "plan": plan or self.random.choice(["free", "pro", "pro", "team"]),
            "payment": card, "email_domain": self.random.choice(["mail.example", "post.example", "uni.example"]),
            "signup_path": self.random.choice(["web", "web", "app"]),
        })
        kind = "A1" if campaign else "benign"
        self.truth.append({"account": name, "campaigns": [campaign] if campaign else [], "kind": kind})

    def say(self, name, day, hour, system, user, address, client, most):
        at = MONDAY + datetime.timedelta(days=day, hours=hour % 24)
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        self.exchanges.append((at, {
            "time": stamp(at), "account": name, "api": "openai.chat", "model": "atlas-5", "messages": messages,
            "client": {"ip": address, "ja4": client}, "params": {"max_tokens": most},
            "usage": {"input_tokens": len(user) // 4, "output_tokens": self.random.randrange(30, 900)},
            "outcome": {"status": 200},
        }))

    def write(self, folder):
        self.exchanges.sort(key=lambda pair: pair[0])
        for name, rows in [("exchanges", [row for _, row in self.exchanges]), ("accounts", self.accounts), ("truth", self.truth)]:
            with open(f"{folder}/{name}.jsonl", "w") as out:
                out.writelines(json.dumps(row) + "\n" for row in rows)


def stamp(at):
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def customers(log, prompts):
    human = [text for name in ["hh-rlhf", "arena-hard"] for text, _ in texts(prompts, name)]
    roles, sums, tools = ([text for text, _ in texts(prompts, name)] for name in ["gpteacher-roleplay", "gsm8k", "gpteacher-toolformer"])
    labels = sets(prompts)
    draw = log.random
    for number in range(CUSTOMERS):
        name, kind, rate, peak = f"acct-{number:05}", draw.random(), draw.lognormvariate(0.3, 0.9), draw.gauss(14, 5)
        addresses, client = [log.address() for _ in range(draw.randrange(1, 4))], draw.choice(log.clients)
        own, stretch, data = draw.sample(WORDS, 4), draw.randrange(len(human)), draw.choice(sorted(labels))
        log.account(name, draw.expovariate(1 / 60), f"card-{log.clients[0]}-{number}")
        for day in range(DAYS):
            for _ in range(min(60, int(draw.expovariate(1 / rate)))):
                system, word = None, draw.choice(own)
                if kind < 0.7:
                    text = human[(stretch + int(draw.expovariate(1 / 60))) % len(human)]
                    text = draw.choice([text, text, f"{text} (it is about my {word})", f"About {word}: {text}", f"{text} Use {word} as the example."])
                elif kind < 0.8:
                    system, text = "You are a helpful assistant.", f"{draw.choice(roles)} Mention {word}."
                elif kind < 0.9:
                    text = draw.choice(sums)
                elif kind < 0.95:
                    text = draw.choice(labels[data])
                else:
                    system, text = f"You are an agent with tools. {word}", draw.choice(tools)
                log.say(name, day, draw.gauss(peak, 2.5), system, text, draw.choice(addresses), client, draw.choice([512, 1024, 2048]))


def sets(prompts):
    by_set = {}
    for text, name in texts(prompts, "t0-templates"):
        by_set.setdefault(name, []).append(text)
    return by_set


def campaign(log, prompts, words, place, rate, shared, peak):
    """150 accounts, made over three days, that share out one list of tasks."""
    draw = log.random
    tasks = [text for text, _ in texts(prompts, "alpaca-cot")]
    draw.shuffle(tasks)
    exits = [log.address("203.0") for _ in range(60)]
    for number in range(150):
        card = f"virtual-{number // 8 if shared else number}"
        log.account(f"acct-{CUSTOMERS + number:05}", draw.random() * 3 - START, card, "c1", "pro")
    dealt = iter(tasks * 3)
    for day in range(START, DAYS):
        for number in range(150):
            for _ in range(draw.randrange(rate // 2, rate * 3 // 2 + 1)):
                hour = draw.random() * 24 if peak is None else draw.gauss(peak, 4)
                word, task = draw.choice(words), next(dealt)
                system, text = (word.format("follows."), task) if place == "system" else (None, word.format(task))
                address = draw.choice(exits) if shared else f"203.0.{number}.7"
                client = log.clients[0 if shared else number % 25]
                log.say(f"acct-{CUSTOMERS + number:05}", day, hour, system, text, address, client, 4096)


def look_alikes(log, prompts, kind):
    """Eighty accounts made at any time, with hours, cards and addresses of their own (a class has one address)."""
    draw, labels = log.random, sets(prompts)
    sums, tasks = ([text for text, _ in texts(prompts, name)] for name in ["gsm8k", "alpaca-cot"])
    everything, one_place = [text for data in labels.values() for text in data], log.address("192.0")
    for number in range(80):
        name, peak, rate = f"alike-{number:03}", draw.gauss(14, 4), draw.lognormvariate(1.2, 0.7)
        address, own = one_place if kind == "class" else log.address("198.18"), labels[draw.choice(sorted(labels))]
        log.account(name, draw.expovariate(1 / 60), f"card-{name}")
        for day in range(START, DAYS):
            for _ in range(min(60, int(draw.expovariate(1 / rate)))):
                system = None
                if kind == "class":
                    text = EXERCISE.format(sums[day * 5 + draw.randrange(5)])
                elif kind == "harness":
                    text = f"Answer the following question. End with 'ANSWER: x'.\n\n{draw.choice(sums[:300])}"
                elif kind.startswith("documents"):
                    system = "You are Paperwise, the assistant that reads a document and answers only from it, citing paragraphs."
                    passage = draw.choice(everything if kind.endswith("of-all") else own)
                    text = f"DOCUMENT BEGIN\n{passage}\nDOCUMENT END\nSummarise the key points as bullets."
                else:
                    system, text = LADDERKIT, draw.choice(tasks if kind.endswith("of-all") else own)
                log.say(name, day, draw.gauss(peak, 2.5), system, text, address, log.clients[number % 9], 1024)
