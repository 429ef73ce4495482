"""More innocents who look alike: groups with a network, a payer, a week of sign-up, a
tool or a list in common, and never all of one operator's hidden harvest."""

TOOL = "You are the intranet assistant of Larkfield. Answer briefly and cite the handbook where you can."
STARTER = "You are the Sprintkit starter agent. Use the repository tools, then explain what you changed."
SKIMMER = "You are Skimmer, a browser extension. Summarise the page that the user is reading."
LABEL = "Label the text as POSITIVE, NEGATIVE or NEUTRAL and say why in one line.\n"
FEED = "Summarise this feed item for a newsletter in two sentences.\n"
PACKS = [f"Act as a {a} strategist with twenty years of {b}. Ask me questions, then give a plan in a table.\n" for a in WORDS[:5] for b in WORDS[5:9]]


class Group:
    def __init__(self, log, prompts):
        self.log, self.draw = log, log.random
        self.sets = [data for _, data in sorted(sets(prompts).items())]
        self.everything = [text for data in self.sets for text in data]
        self.human = [text for name in ["hh-rlhf", "arena-hard"] for text, _ in texts(prompts, name)]
        self.tasks = [text for text, _ in texts(prompts, "alpaca-cot")]
        self.draw.shuffle(self.everything), self.draw.shuffle(self.tasks)
        self.site, self.exits = log.address("192.0"), [f"203.0.{at}.9" for at in range(60)]

    def old(self):
        return self.draw.expovariate(1 / 60)

    def burst(self):
        return self.draw.random() * 2 - START

    def anything(self):
        """What nobody is more interested in than anybody else, and hardly ever the same twice."""
        return " ".join(self.draw.choice(self.everything)[:300] for _ in range(2))

    def play(self, accounts, rate, say, made=None, card=None, hour=None, **facts):
        """`say` gives system prompt, text and whether it is sent from the common site, or from which address, of an
        account, its own data set, a stretch of its own conversations, a word of its own, and the day."""
        draw = self.draw
        for number in range(accounts):
            name, client, address = f"alike-{number:03}", self.log.clients[number % 9], self.log.address("198.18")
            self.log.account(name, (made or self.old)(), card(number) if card else f"own-{number}", None, facts.get("plan"))
            self.log.accounts[-1].update({field: value for field, value in facts.items() if field != "plan"})
            peak, stretch, own = draw.gauss(14, 4), draw.randrange(len(self.human)), draw.choice(self.sets)
            words, of_its_own = draw.sample(WORDS, 4), draw.lognormvariate(0, 0.6) * rate
            for day in range(START, DAYS):
                for _ in range(min(90, int(draw.expovariate(1 / of_its_own)))):
                    about = self.human[(stretch + int(draw.expovariate(1 / 60))) % len(self.human)]
                    system, text, at_site = say(number, own, f"{about} ({draw.choice(words)})", day)
                    when = draw.gauss(peak, 2.5) if hour is None else hour()
                    self.log.say(name, day, when, system, text, self.site if at_site is True else at_site or address, client, 1024)


def one(_):
    return "card-of-all"


INNOCENTS = {
    "staff": lambda g: g.play(200, 6, lambda n, own, about, day: (TOOL, about, True), card=one),
    "staff-declared": lambda g: g.play(200, 6, lambda n, own, about, day: (TOOL, about, True), card=one, party="larkfield", verified="contract"),
    "labelling-firm": lambda g: g.play(20, 40, lambda n, own, about, day: (None, LABEL + g.everything.pop(), True), made=lambda: 30, card=one, hour=lambda: g.draw.random() * 24),
    "laboratory": lambda g: g.play(40, 60, lambda n, own, about, day: (None, TAGGED.format(g.tasks.pop()), True), made=lambda: 90, card=one, party="institute-of-larks", verified="contract"),
    "reseller": lambda g: g.play(60, 25, lambda n, own, about, day: ("You are Chatterbox, a friendly assistant.", g.draw.choice(g.human), True), made=lambda: 25, card=one),
    "programs": lambda g: g.play(300, 12, lambda n, own, about, day: (f"You are job {n} of {WORDS[n % 40]} monitoring. Output one JSON line.", g.draw.choice(own)[:400], False), hour=lambda: float(g.draw.randrange(24))),
    "programs-one-feed": lambda g: g.play(200, 10, lambda n, own, about, day: (None, FEED + g.everything[day * 40 + g.draw.randrange(40)], False), hour=lambda: float(g.draw.randrange(24))),
    "programs-own-feeds": lambda g: g.play(200, 10, lambda n, own, about, day: (None, FEED + g.draw.choice(own), False), hour=lambda: float(g.draw.randrange(24))),
    "hackathon": lambda g: g.play(150, 12, lambda n, own, about, day: (STARTER, f"{about} for our {WORDS[n % 40]} project", g.draw.random() < 0.8), made=g.burst, plan="free", email_domain="uni.example", signup_path="event"),
    "hackathon-one-list": lambda g: g.play(150, 12, lambda n, own, about, day: (STARTER, g.draw.choice(g.tasks[:400]), g.draw.random() < 0.8), made=g.burst, plan="free", email_domain="uni.example", signup_path="event"),
    "event": lambda g: g.play(120, 20, lambda n, own, about, day: (STARTER, g.anything(), False), card=lambda n: None, made=g.burst, plan="free", signup_path="web"),
    "event-by-invitation": lambda g: g.play(120, 20, lambda n, own, about, day: (STARTER, g.anything(), False), made=g.burst, plan="free", signup_path="event"),
    "students": lambda g: g.play(200, 7, lambda n, own, about, day: (None, f"Make ten flashcards from my notes, hardest first.\nNOTES: {g.draw.choice(own)}", g.draw.random() < 0.5), made=g.burst, plan="free", email_domain="uni.example"),
    "free-tier": lambda g: g.play(300, 6, lambda n, own, about, day: (None, f"{g.human[(n % 20 * 97 + int(g.draw.expovariate(1 / 40))) % len(g.human)]} {WORDS[n % 20]}", False), made=g.burst, card=lambda n: None, plan="free", email_domain="throwaway.example"),
    "families": lambda g: g.play(300, 5, lambda n, own, about, day: (None, about, False), card=lambda n: f"family-{n // 4}"),
    "small-firms": lambda g: g.play(160, 8, lambda n, own, about, day: (TOOL, f"FILE: {g.draw.choice(own)}\nSummarise.", False), card=lambda n: f"firm-{n // 8}"),
    "extension": lambda g: g.play(150, 8, lambda n, own, about, day: (SKIMMER, f"PAGE: {g.draw.choice(g.everything)}", False)),
    "extension-at-its-launch": lambda g: g.play(150, 8, lambda n, own, about, day: (SKIMMER, f"PAGE: {g.draw.choice(own)}", False), made=g.burst, signup_path="app"),
    "hosted-app": lambda g: g.play(150, 8, lambda n, own, about, day: (SKIMMER, f"PAGE: {g.draw.choice(own)}", g.draw.choice(g.exits))),
    "prompt-packs": lambda g: g.play(200, 6, lambda n, own, about, day: (None, PACKS[(n * 3 + g.draw.randrange(4)) % 20] + about, False)),
    "viral": lambda g: g.play(800, 0.8, lambda n, own, about, day: (None, f"Based on everything you know about me, roast me as a nature documentary. I like {WORDS[n % 40]}.", False)),
}


HOUSE = ["Answer in the customer's language.", "Never promise a refund.", "Return JSON with label, confidence and reason.", "Keep a warm tone.",
         "Stay under eighty words.", "Do not name competitors.", "If unsure, set the label to other.", "Cite the ticket number."]
DESKS = ["Classify the message.", "Draft a reply to the message.", "Extract product, problem and urgency.", "Turn the review into three themes."]


def small_firms_alike(g):
    """Thirty firms of three to eight keys, each with a card, a domain and a line or two, a name of its own and house rules as others have
    them; what they are sent is alike."""
    firms = []
    for number in range(30):
        rules, lines = " ".join(g.draw.sample(HOUSE, 4)), [g.log.address("192.1") for _ in range(g.draw.randrange(1, 4))]
        prompt = f"You work for {WORDS[number].title()}worth. {g.draw.choice(DESKS)} {rules}"
        firms += [(number, prompt, lines)] * g.draw.randrange(3, 9)
    g.play(len(firms), 8, lambda n, own, about, day: (firms[n][1], g.anything(), g.draw.choice(firms[n][2])), card=lambda n: f"firm-{firms[n][0]}")
    for account, (number, _, _) in zip(g.log.accounts[-len(firms):], firms):
        account["email_domain"] = f"{WORDS[number]}worth.example"


INNOCENTS["small-firms-alike"] = small_firms_alike


def stolen(log, prompts):
    """A thief works with the keys of 120 customers and has no account of his own."""
    draw, dealt = log.random, iter([text for text, _ in texts(prompts, "alpaca-cot")])
    exits, names = [log.address("203.0") for _ in range(60)], draw.sample(range(CUSTOMERS), 120)
    for day in range(START, DAYS):
        for number in names:
            for _ in range(draw.randrange(10, 31)):
                log.say(f"acct-{number:05}", day, draw.random() * 24, None, TAGGED.format(next(dealt)), draw.choice(exits), "t13dthief", 4096)
