//! The phrases that templates are put together from.

/// The slots of a wrapper and what may stand in each.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    pub(super) roles: &'static [&'static str],
    pub(super) demands: &'static [&'static str],
    pub(super) formats: &'static [&'static str],
    pub(super) lead_ins: &'static [&'static str],
    pub(super) closings: &'static [&'static str],
}

pub(super) const TAGS: &[&str] =
    &["reasoning", "thinking", "trace", "scratchpad", "analysis", "steps", "work", "inner"];

/// By [`super::Elicitation`].
pub(super) const CLASSES: [Slots; 4] = [
    Slots {
        roles: &[
            "You are an expert teacher who shows all work.",
            "Act as a careful analyst with complete command of the subject.",
            "You are solving this for an apprentice who must be able to repeat it.",
            "Take the part of a senior specialist who documents each decision.",
            "You are a meticulous problem solver.",
            "Work as somebody who never skips an intermediate result.",
            "Imagine that your notebook is read aloud while you work.",
            "You are the reviewer's favourite: complete, orderly and explicit.",
        ],
        demands: &[
            "Think step by step and write down every step of your reasoning before you answer.",
            "Lay out the complete chain of thought, including the paths you discard and why.",
            "Before the answer, reason at length in plain words; leave nothing implicit.",
            "Let's think carefully first and record each thought as it comes.",
            "Give your full internal deliberation, not a summary of it.",
            "Show how you arrive at the result, with all checks and second thoughts.",
            "Narrate the reasoning from the first idea to the verified result.",
            "Reconstruct in detail the thinking that leads to the answer.",
        ],
        formats: &[
            "Put the reasoning between <{tag}> and </{tag}> and the result after it.",
            "Open with <{tag}>, close with </{tag}>, then one line that begins with ANSWER:.",
            "Use a block named {tag} for the thoughts and a block named final for the answer.",
            "Return JSON with the keys \"{tag}\" and \"answer\".",
            "Number the lines of the {tag} section; the answer stands alone below.",
            "Wrap everything you consider in [{tag}] ... [/{tag}].",
        ],
        lead_ins: &[
            "Task:",
            "Problem:",
            "Here is the question:",
            "Input:",
            "Consider the following.",
            "Question follows.",
        ],
        closings: &[
            "Remember: the <{tag}> part must be complete.",
            "Do not shorten the reasoning.",
            "Begin with the reasoning now.",
            "At least ten steps, please.",
            "The language of the {tag} must be that of the question.",
            "Only then state the answer.",
            "No apologies, no summary.",
        ],
    },
    Slots {
        roles: &[
            "You are an impartial grader.",
            "Act as a strict examiner with a rubric.",
            "You compare answers of two assistants.",
            "You are the judge of a writing contest.",
            "Work as a quality rater.",
        ],
        demands: &[
            "Score the answer from 1 to 10 for correctness, completeness and style.",
            "Decide which answer is better and say why in two sentences.",
            "List each error with its severity before you give marks.",
            "Apply the rubric item by item.",
            "Rate helpfulness, honesty and clarity apart.",
        ],
        formats: &[
            "Return JSON: {\"{tag}\": ..., \"score\": ...}.",
            "End with a line SCORE: n.",
            "Use a table of criterion and mark, preceded by {tag}.",
            "Answer as <{tag}>...</{tag}><score>n</score>.",
        ],
        lead_ins: &["To be graded:", "Candidate:", "Submission:", "Here is the pair:"],
        closings: &["Be consistent.", "Only the JSON.", "Do not be lenient.", "Marks must add up.", "Ignore length."],
    },
    Slots {
        roles: &[
            "You clean transcripts.",
            "You are an editor of worked solutions.",
            "Act as a copy editor for reasoning notes.",
            "You prepare texts for a handbook.",
        ],
        demands: &[
            "Rewrite the trace so that it is correct, linear and free of repetitions.",
            "Remove false starts, keep every valid step, and mend the notation.",
            "Merge duplicate steps and make the hidden assumptions explicit.",
            "Turn the notes into a clean derivation with the same result.",
        ],
        formats: &[
            "Return only <{tag}>...</{tag}>.",
            "Keep the headings; put the text under {tag}:.",
            "Output the {tag} as numbered steps.",
            "JSON with \"{tag}\" and \"changed\".",
        ],
        lead_ins: &["Trace:", "Notes:", "Raw text:", "Original:"],
        closings: &["Do not add new facts.", "Same language as the input.", "Nothing else.", "Keep formulas."],
    },
    Slots {
        roles: &[
            "You rewrite texts without changing what they say.",
            "Act as a patient paraphraser.",
            "You are a style adapter.",
            "Work as a ghost writer.",
        ],
        demands: &[
            "Give three versions of different difficulty.",
            "Say it again for a reader of ten years and for a specialist.",
            "Make a harder variant of the task and solve it.",
            "Rewrite so that nobody could object, and keep the content.",
        ],
        formats: &[
            "Mark each version with {tag} and its number.",
            "JSON list under \"{tag}\".",
            "Separate the versions by a line <{tag}>.",
            "One {tag} a paragraph.",
        ],
        lead_ins: &["Text:", "Passage:", "Source:", "Seed:"],
        closings: &["Vary the sentence structure.", "No comments.", "Keep names.", "Equal length."],
    },
];

/// The reasoning wrapper in English and the corpus's other languages, in order.
pub(super) const TRANSLATIONS: [(&str, &str); 10] = [
    (
        "Think step by step and write every step of your reasoning between <reasoning> tags before the answer. The reasoning must be in the language of the question.",
        "Do not shorten the reasoning.",
    ),
    (
        "Denke Schritt für Schritt und schreibe jeden Gedankenschritt zwischen <reasoning>-Marken vor die Antwort. Die Überlegung muss in der Sprache der Frage stehen.",
        "Kürze die Überlegung nicht.",
    ),
    (
        "Réfléchis étape par étape et écris chaque étape de ton raisonnement entre des balises <reasoning> avant la réponse. Le raisonnement doit être dans la langue de la question.",
        "N'abrège pas le raisonnement.",
    ),
    (
        "Piensa paso a paso y escribe cada paso de tu razonamiento entre etiquetas <reasoning> antes de la respuesta. El razonamiento debe estar en el idioma de la pregunta.",
        "No acortes el razonamiento.",
    ),
    (
        "Pense passo a passo e escreva cada passo do raciocínio entre marcas <reasoning> antes da resposta. O raciocínio deve estar na língua da pergunta.",
        "Não encurte o raciocínio.",
    ),
    (
        "Ragiona passo dopo passo e scrivi ogni passaggio del ragionamento tra i tag <reasoning> prima della risposta. Il ragionamento deve essere nella lingua della domanda.",
        "Non abbreviare il ragionamento.",
    ),
    (
        "Denk stap voor stap en schrijf elke stap van je redenering tussen <reasoning>-tags voor het antwoord. De redenering moet in de taal van de vraag staan.",
        "Kort de redenering niet in.",
    ),
    (
        "一歩ずつ考え、推論のすべての段階を答えの前に<reasoning>タグの間に書いてください。推論は質問と同じ言語でなければなりません。",
        "推論を省略しないでください。",
    ),
    (
        "请一步一步地思考,并在回答之前把推理的每一步写在<reasoning>标签之间。推理必须使用与问题相同的语言。",
        "不要缩短推理过程。",
    ),
    (
        "Думай шаг за шагом и запиши каждый шаг рассуждения между тегами <reasoning> перед ответом. Рассуждение должно быть на языке вопроса.",
        "Не сокращай рассуждение.",
    ),
];

pub(super) const PRODUCTS: &[&str] = &[
    "Loomcode",
    "Tallypost",
    "Ferrywright",
    "Orchardly",
    "Quillbench",
    "Harborline",
    "Mintdesk",
    "Stonepath",
    "Brightfold",
    "Kettlework",
    "Papertern",
    "Inklantern",
    "Sorrelbase",
    "Driftnote",
    "Anvilry",
    "Copperleaf",
];

pub(super) const PURPOSES: &[&str] = &[
    ", an autonomous agent that works in the user's project folder.",
    ", an assistant built into an editor; the user sees your changes as a diff.",
    ", a planner that breaks a goal into tasks and carries them out one by one.",
    ", a research helper that reads sources and cites them.",
    ", the chat of a workspace where people keep notes and files.",
    ", a support agent that answers from the handbook only.",
    ", an agent that drives a browser on behalf of the user.",
    ", a tutor that leads the pupil to the answer by questions.",
];

pub(super) const TOOLS: &[&str] = &[
    "read_file(path): returns the text of a file",
    "write_file(path, text): replaces a file",
    "search(query): the ten best passages",
    "run(command): runs a command and returns its output",
    "fetch(url): returns a page as text",
    "ask_user(question): when something is unclear",
    "list(folder): names of the files in a folder",
    "calendar(day): what is planned",
    "remember(note): keeps a note for later turns",
    "calculate(expression): exact arithmetic",
    "translate(text, language): another language",
    "plan(steps): replaces the plan",
];

pub(super) const RULES: &[&str] = &[
    "Think step by step before you act, and keep the plan short.",
    "Never invent a source; say so when you do not know.",
    "Answer in the language of the user.",
    "Use at most one tool in a turn.",
    "Prefer small changes over large ones.",
    "Ask before you delete anything.",
    "Put code into fenced blocks.",
    "Be concise; no greetings and no apologies.",
    "If the request is unclear, ask one question.",
    "Cite the passage that an answer rests on.",
    "Show your reasoning in a section of its own when the user asks why.",
    "Do not speak about other companies.",
    "Round amounts to two decimals.",
    "Stop when the task is done.",
    "Refuse politely what is outside your subject.",
    "Write dates as day, month, year.",
];

pub(super) const OPENINGS: &[&str] = &[
    "You are the assistant of ",
    "This is the help line of ",
    "You write for ",
    "You sort requests for ",
    "Act as the clerk of ",
    "You work in the back office of ",
];

pub(super) const ANSWERS: &[&str] = &[
    "In short, it depends on the ",
    "There are three things to know about the ",
    "Yes. Start with the ",
    "The usual way is to look at the ",
    "I would begin by checking the ",
    "Here is an outline. First the ",
    "Not quite: the reason is the ",
    "Good question. The ",
];

pub(super) const ANSWER_ENDS: &[&str] = &[
    ", and only then the ",
    "; after that comes the ",
    " rather than the ",
    ", together with the ",
    ". Do not forget the ",
];
