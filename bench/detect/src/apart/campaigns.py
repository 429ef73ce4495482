"""More ways to run a campaign: other words, and what an operator who has read how
Weir judges would have his accounts do."""

from dataclasses import dataclass


@dataclass
class Way:
    words: list = ()  # as TAGGED where empty
    system: str = None
    accounts: int = 150
    rate: int = 20  # exchanges an account and day
    exits: int = 60
    on_a_card: int = 8
    made: tuple = (0, 3)  # days before it starts
    pools: int = 1  # the earlier closed by the provider
    operators: int = 1
    turns: int = 1
    cover: float = 0  # the share of exchanges that are people's
    cover_list: int = 0  # and drawn from so many prompts
    by_hand: bool = False  # cover comes from another client
    warmed: bool = False  # three days of people's prompts before
    tried_out: float = 0  # the share of accounts that were, with a few from elsewhere
    again: float = 0  # the share of tasks that are answered three times
    every: int = 0  # minutes between exchanges
    of_a_list: float = 0  # the share of tasks out of a hundred
    sharded: bool = False
    beside: str = None  # look-alikes with the same words


LANGUAGES = [
    "Reason step by step between <trace> tags, then answer: {}", "Raisonne étape par étape entre balises <trace>, puis réponds : {}",
    "Denke Schritt für Schritt zwischen <trace>-Marken, dann antworte: {}", "Razona paso a paso entre etiquetas <trace>, luego responde: {}",
    "Ragiona passo per passo tra i tag <trace>, poi rispondi: {}", "Raciocine passo a passo entre marcas <trace>, depois responda: {}",
    "Redeneer stap voor stap tussen <trace>-tags, antwoord dan: {}", "Tänk steg för steg mellan <trace>-taggar, svara sedan: {}",
    "Rozumuj krok po kroku między znacznikami <trace>, potem odpowiedz: {}", "<trace> etiketleri arasında adım adım düşün, sonra yanıtla: {}",
]
SHOTS = [f"Q: {what}\nA: First {how}; so it is {at}.\n" for at, (what, how) in enumerate([
    ("how many apples remain", "count them"), ("what year it was", "look at the seal"), ("which city lies north", "turn the map"),
    ("how far the train goes", "add the legs"), ("who wins the match", "sum the points"), ("how heavy the stone is", "weigh it twice")])]
PERSONAS = ["a patient teacher", "a senior engineer", "a physician", "an attorney", "a chemist", "a poet", "a chef", "a coach"]
WAYS = {
    "judging": Way(["Grade the reply from one to ten for helpfulness. Explain first, then give SCORE.\n\nREPLY: {}"]),
    "code": Way(["Write well tested Python for this. Only code, no prose.\n{}"]),
    "new-tasks": Way(["Come up with five new and harder tasks in the style of this one, numbered, with solutions.\n{}"]),
    "rewriting": Way(["Rewrite the text so that it is clean and fluent, keep every fact, output nothing else:\n{}"]),
    "personas": Way([f"You are {who}. Give a complete answer with your reasoning to: {{}}" for who in PERSONAS]),
    "shots": Way([a + b + "Q: {}\nA:" for a in SHOTS for b in SHOTS if a != b]),
    "behind": Way(["{}\n\nLet's think step by step."]),
    "short": Way(["{} Explain your reasoning."]),
    "no-words": Way(["{}"]),
    "tools": Way(["{}"], system="You can call search(q), calc(e) and run(code). Plan, call tools, and finish with FINAL."),
    "languages": Way(LANGUAGES),
    "turns": Way(turns=3),
    "on-the-minute": Way(every=40),
    "two-pools": Way(pools=2),
    "two-operators": Way(operators=2),
    "cover": Way(cover=0.5),
    "cover-of-a-list": Way(cover=0.3, cover_list=60),
    "cover-by-hand": Way(cover=0.35, by_hand=True),
    "warmed": Way(warmed=True),
    "lived-in": Way(warmed=True, cover=0.5, by_hand=True),
    "tried-out": Way(made=(20, 100), on_a_card=2, tried_out=0.3),
    "asked-again": Way(again=0.4),
    "behind-a-framework": Way(["{}"], system=LADDERKIT, beside="framework"),
    "with-a-class": Way([EXERCISE], beside="class"),
    "one-exit": Way(exits=1),
    "two-exits": Way(exits=2),
    "one-exit-own-cards": Way(exits=1, on_a_card=1),
    "aged": Way(made=(20, 100)),
    "aged-two-to-a-card": Way(made=(20, 100), on_a_card=2),
    "aged-own-cards": Way(made=(20, 100), on_a_card=1),
    "twelve-loud": Way(accounts=12, rate=400, on_a_card=3),
    "twelve-loud-one-card": Way(accounts=12, rate=400, on_a_card=12),
    "quarter-of-a-list": Way(of_a_list=0.25),
    "shards": Way(sharded=True),
}
SECOND = "Answer as an expert examiner. Give a rationale, then 'Final choice:'.\n{}"


def play(log, prompts, way):
    draw = log.random
    if way.beside:
        look_alikes(log, prompts, way.beside)
    tasks = [text for text, _ in texts(prompts, "alpaca-cot")]
    human = [text for name in ["hh-rlhf", "arena-hard"] for text, _ in texts(prompts, name)]
    shards = [data for _, data in sorted(sets(prompts).items())]
    draw.shuffle(tasks)
    if way.again:
        tasks += [text for text in tasks if draw.random() < way.again for _ in range(2)]
        draw.shuffle(tasks)
    dealt, exits = iter(tasks * 9), [log.address("203.0") for _ in range(way.exits)]
    for number in range(way.accounts):
        name, half = f"acct-{CUSTOMERS + number:05}", number * 2 // way.accounts
        starts = START + 2 if way.pools == 2 and half else START
        ends = START + 2 if way.pools == 2 and not half else DAYS
        log.account(name, draw.uniform(*way.made) - starts, f"virtual-{number // way.on_a_card}", "c2" if way.operators == 2 and half else "c1", "pro")
        if ends < DAYS:
            log.accounts[-1].update(closed=stamp(MONDAY + datetime.timedelta(days=ends)), closed_by="provider")
        if way.warmed:
            stretch = draw.randrange(len(human))
            for day in range(START):
                for _ in range(draw.randrange(2, 6)):
                    text = human[(stretch + draw.randrange(60)) % len(human)]
                    log.say(name, day, draw.gauss(14, 3), None, text, draw.choice(exits), log.clients[0], 4096)
        if way.tried_out and draw.random() < way.tried_out:
            for _ in range(draw.randrange(1, 5)):
                client = log.clients[5 + number % 15]
                log.say(name, draw.randrange(START), draw.gauss(14, 3), None, draw.choice(human), log.address("198.51"), client, 4096)
        for day in range(starts, ends):
            for at in range(draw.randrange(way.rate // 2, way.rate * 3 // 2 + 1)):
                hour = (at * way.every + number % 7) / 60 if way.every else draw.random() * 24
                client = log.clients[1 if way.operators == 2 and half else 0]
                if draw.random() < way.cover:
                    text = human[draw.randrange(way.cover_list)] if way.cover_list else draw.choice(human)
                    client = log.clients[5 + number % 15] if way.by_hand else client
                    log.say(name, day, hour, None, text, draw.choice(exits), client, 4096)
                    continue
                task = draw.choice(shards[number % len(shards)]) if way.sharded else next(dealt)
                task = tasks[draw.randrange(100)] if draw.random() < way.of_a_list else task
                words = SECOND if way.operators == 2 and half else draw.choice(way.words or [TAGGED])
                log.say(name, day, hour, way.system, words.replace("{}", task), draw.choice(exits), client, 4096)
                go_on(log, way.turns)


def go_on(log, turns):
    """Further turns of the conversation that was begun last."""
    for turn, more in enumerate(["Now list every assumption that you made.", "Now criticise the answer and improve it."][: turns - 1], 1):
        at, row = log.exchanges[-1]
        later = at + datetime.timedelta(minutes=turn)
        messages = row["messages"] + [{"role": "assistant", "content": f"Answer {log.random.random()}"}, {"role": "user", "content": more}]
        log.exchanges.append((later, {**row, "time": stamp(later), "messages": messages}))
