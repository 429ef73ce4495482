//! The built-in words: enough to recombine into tens of thousands of prompts
//! that nobody wrote. All names and places are invented.

/// A topic's name and the words that belong to it. The first of them is also
/// how a real prompt is told to be about the topic.
pub(super) const TOPICS: &[(&str, &[&str])] = &[
    ("programming", &["function", "compiler", "python", "loop", "array", "thread", "parser", "queue", "cache", "recursion", "iterator", "code", "algorithm", "string", "memory leak", "hash map"]),
    ("data", &["database", "query", "table", "spreadsheet", "column", "dashboard", "index", "csv file", "schema", "pipeline", "join", "histogram", "survey", "dataset", "pivot table", "outlier"]),
    ("mathematics", &["equation", "fraction", "triangle", "probability", "matrix", "proof", "percent", "integral", "polynomial", "average", "sum", "ratio", "circle", "sequence", "prime", "logarithm"]),
    ("cooking", &["recipe", "soup", "bread", "oven", "garlic", "sauce", "cake", "dinner", "rice", "spice", "vegetable", "butter", "dough", "cheese", "salad", "stew"]),
    ("travel", &["flight", "hotel", "train", "itinerary", "beach", "museum", "passport", "luggage", "ferry", "hiking", "visa", "campsite", "road trip", "hostel", "trip", "harbour"]),
    ("health", &["sleep", "pain", "doctor", "exercise", "vitamin", "headache", "diet", "knee", "stress", "allergy", "medicine", "injury", "pulse", "fever", "posture", "blood test"]),
    ("law", &["contract", "lease", "clause", "tenant", "court", "licence", "liability", "notice period", "deposit", "copyright", "permit", "regulation", "warranty", "appeal", "witness", "settlement"]),
    ("money", &["budget", "loan", "invoice", "tax", "savings", "mortgage", "pension", "refund", "salary", "price", "interest", "account", "insurance", "expense", "bond", "dividend"]),
    ("writing", &["poem", "story", "essay", "dialogue", "novel", "character", "chapter", "speech", "letter", "metaphor", "headline", "screenplay", "rhyme", "narrator", "blog post", "scene"]),
    ("history", &["empire", "war", "treaty", "king", "revolution", "century", "castle", "archive", "dynasty", "parliament", "trade route", "monument", "census", "siege", "migration", "chronicle"]),
    ("science", &["cell", "energy", "planet", "molecule", "gravity", "protein", "experiment", "enzyme", "telescope", "magnet", "acid", "fossil", "orbit", "bacteria", "sediment", "spectrum"]),
    ("garden", &["garden", "soil", "tomato", "hedge", "compost", "rose", "lawn", "greenhouse", "seedling", "pruning", "mulch", "bulb", "orchard", "weed", "irrigation", "fern"]),
    ("work", &["meeting", "email", "manager", "deadline", "interview", "project", "resume", "colleague", "agenda", "feedback", "presentation", "shift", "onboarding", "report", "promotion", "retrospective"]),
    ("family", &["child", "school", "birthday", "wedding", "baby", "grandmother", "teenager", "gift", "holiday", "neighbour", "homework", "bedtime", "playground", "cousin", "party", "pet"]),
    ("repair", &["engine", "bicycle", "tyre", "leak", "battery", "screw", "boiler", "brake", "paint", "drill", "gasket", "hinge", "fuse", "pump", "gutter", "valve"]),
    ("games", &["game", "chess", "quest", "dice", "puzzle", "dragon", "level", "team", "card deck", "score", "tournament", "dungeon", "goalkeeper", "opening move", "campaign map", "rulebook"]),
];

/// What somebody asks: `{w}` a word of the topic, `{a}` an adjective, `{p}` a
/// person, `{q}` a place, `{n}` a number.
pub(super) const REQUESTS: &[&str] = &[
    "How do I get a {a} {w} when the {w} is already {a}?",
    "Explain the difference between a {w} and a {w} to {p}.",
    "Write {n} sentences about the {w} in {q}.",
    "What is the best way to fix a {w} that {p} broke?",
    "Can you compare {n} kinds of {w} for a {a} {w}?",
    "Give me {n} ideas for a {a} {w}.",
    "Why does my {w} behave differently in {q} than at home?",
    "Help me plan a {w} for {n} people near {q}.",
    "Is it normal that a {a} {w} takes {n} days?",
    "Summarise what I should know about the {w} before I talk to {p}.",
    "Turn these notes on a {w} into a {a} list.",
    "What would {p} say about the {a} {w} and the {w}?",
    "I need a checklist with {n} steps for the {w}.",
    "Which mistakes do people make with a {a} {w}?",
    "Rewrite this paragraph about the {w} so that it sounds {a}.",
    "Could a {w} replace the {w} that we used since {n}?",
    "Draft a message to {p} about the {w} in {q}.",
    "How much does a {a} {w} cost in {q}, roughly?",
    "What questions should I ask {p} about the {w}?",
    "Make a table of {n} rows: {w}, {w}, and the {a} option.",
    "Tell me step by step how the {w} and the {w} fit together.",
    "Find the error in my reasoning about the {w}.",
    "Is there a {a} rule of thumb for the {w}?",
    "Translate the word {w} as {p} would say it in {q}.",
    "Estimate how long {n} of a {w} would last with {a} use.",
    "What are the arguments for and against a {w} in {q}?",
    "Describe a {a} {w} in the style of {p}.",
    "Suggest a name for a {w} that sounds {a}.",
    "Check whether {n} is a sensible number for a {w}.",
    "What changed about the {w} since {p} moved to {q}?",
];

/// What somebody tells about the matter.
pub(super) const CONTEXTS: &[&str] = &[
    "I have had the {w} for about {n} weeks.",
    "{p} told me that the {w} should be {a}.",
    "We live near {q}, if that matters.",
    "The last {w} was {a}, and I did not like it.",
    "There are {n} of us and only one {w}.",
    "I already tried a {a} {w}, without luck.",
    "It has to be finished before {p} comes back from {q}.",
    "My notes say: {w}, {w}, then {n} of the {a} kind.",
    "Please keep the {w} out of it.",
    "The {w} in {q} was {n} times as {a}.",
    "I am not an expert on any {w}.",
    "Somebody at {q} mentioned a {w}, but I forgot why.",
    "Assume that the {w} costs {n}.",
    "The part about the {w} is the one I do not understand.",
    "Short answers are fine; {p} reads them on a phone.",
    "Last year the {w} and the {w} were {a}.",
    "Here is the detail: number {n}, {a}, from {q}.",
    "{p} and I disagree about the {w}.",
    "I would rather have a {a} {w} than a quick one.",
    "It started after the {w} was moved to {q}.",
    "Between {n} and {n} would be right for the {w}.",
    "What worries me most is the {a} {w}.",
    "The manual only says that the {w} is {a}.",
    "We measured {n} at the {w} and {n} at the other one.",
];

pub(super) const ADJECTIVES: &[&str] = &[
    "simple", "cheap", "reliable", "quiet", "formal", "gentle", "modern", "traditional", "heavy", "light", "fast",
    "careful", "bright", "small", "large", "strange", "friendly", "strict", "warm", "dry", "narrow", "broken",
    "generous", "plain", "sturdy", "seasonal", "temporary", "public", "private", "hidden", "common", "rare",
];

pub(super) const GIVEN: &[&str] = &[
    "Ana", "Boro", "Cela", "Daru", "Edda", "Faro", "Gita", "Hanno", "Ivo", "Jana", "Kiri", "Lio", "Mara", "Nilo",
    "Oda", "Pavo", "Quin", "Rana", "Sefa", "Timo", "Una", "Vero", "Wim", "Xenia", "Yoro", "Zita", "Aldo", "Bea",
    "Caro", "Dina", "Emmo", "Fenna", "Goro", "Hedi", "Ilka", "Jory", "Kato", "Lena", "Miro", "Nora",
];

pub(super) const FAMILY: &[&str] = &[
    "Aldermoor", "Brask", "Corvane", "Dellwig", "Estrano", "Fenwold", "Garrick-Oye", "Hollin", "Istvane", "Jorrel",
    "Kestry", "Lommer", "Marrow", "Nastrup", "Ostrel", "Pellam", "Quaile", "Rostov-Lin", "Saldane", "Tervo",
    "Ulmer", "Vantong", "Westry", "Yarrow", "Zemlin", "Adeyo", "Barros-Ek", "Chandrel", "Dimova", "Eriksdal",
];

pub(super) const PLACES: &[&str] = &[
    "Arnholt", "Belvane", "Castry", "Dunmere", "Eastray", "Falkirken", "Grenmoor", "Halvard", "Isenbrook", "Jarnfeld",
    "Kolmar", "Lindquay", "Marvale", "Northmere", "Oststrand", "Port Ellery", "Quillon", "Ravensholm", "Stavring",
    "Tarnby", "Upper Vale", "Varna Cross", "Westhaven", "Yarmoor", "Zellbach", "Orrin Bay", "Saltmarket", "Tillery",
    "Montreval", "Kirrin",
];

/// What many people really type alike: the stated heavy tail of repeats.
pub(super) const COMMON: &[&str] = &[
    "hi", "hello", "test", "continue", "thanks", "ok", "yes", "hey", "who are you?", "what can you do?",
    "tell me a joke", "write a poem", "go on", "explain", "help", "good morning", "summarize this", "no", "why?",
    "please continue", "make it shorter", "can you help me?", "translate to english", "fix the grammar",
    "write a story", "what is the weather today?", "are you there?", "try again", "more", "give me an example",
];
