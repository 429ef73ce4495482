//! Nine languages beside English. The frames are real sentences; what fills
//! them is invented from the language's own syllables, a vocabulary a topic, so
//! that a text of any length can be made without a translator.

/// A language's frames and the syllables of its invented nouns. The marks in
/// frames are those of the English ones.
pub(super) struct Tongue {
    pub(super) code: &'static str,
    pub(super) requests: &'static [&'static str],
    pub(super) contexts: &'static [&'static str],
    pub(super) syllables: &'static [&'static str],
}

pub(super) const TONGUES: &[Tongue] = &[
    Tongue {
        code: "de",
        requests: &["Wie repariere ich ein {w}, wenn das {w} schon {a} ist?", "Erkläre {p} den Unterschied zwischen {w} und {w}.", "Schreibe {n} Sätze über das {w} in {q}.", "Nenne mir {n} Ideen für ein {w}.", "Was kostet ein {a}es {w} in {q}?", "Fasse zusammen, was ich über {w} wissen muss.", "Welche Fehler macht man bei einem {w}?", "Warum ist mein {w} nach {n} Tagen {a}?"],
        contexts: &["Ich habe das {w} seit {n} Wochen.", "{p} sagt, das {w} sei {a}.", "Wir wohnen in der Nähe von {q}.", "Bitte ohne {w}.", "Es muss bis zum {n}. fertig sein.", "Das letzte {w} war leider {a}.", "In {q} hatten sie {n} davon.", "Den Teil mit dem {w} verstehe ich nicht."],
        syllables: &["stei", "ber", "wal", "gen", "hof", "lich", "mer", "kan", "schu", "ten", "brü", "zel", "gar", "haus"],
    },
    Tongue {
        code: "fr",
        requests: &["Comment réparer un {w} quand le {w} est {a} ?", "Explique à {p} la différence entre {w} et {w}.", "Écris {n} phrases sur le {w} de {q}.", "Donne-moi {n} idées pour un {w}.", "Combien coûte un {w} {a} à {q} ?", "Résume ce qu'il faut savoir sur le {w}.", "Quelles erreurs fait-on avec un {w} ?", "Pourquoi mon {w} est-il {a} après {n} jours ?"],
        contexts: &["J'ai ce {w} depuis {n} semaines.", "{p} dit que le {w} est {a}.", "Nous habitons près de {q}.", "Sans {w}, s'il te plaît.", "Il faut finir avant le {n}.", "Le dernier {w} était trop {a}.", "À {q}, ils en avaient {n}.", "Je ne comprends pas la partie sur le {w}."],
        syllables: &["ver", "lou", "mai", "ton", "beau", "rin", "cha", "pel", "gno", "tier", "dre", "vi", "lle", "sau"],
    },
    Tongue {
        code: "es",
        requests: &["¿Cómo arreglo un {w} si el {w} está {a}?", "Explica a {p} la diferencia entre {w} y {w}.", "Escribe {n} frases sobre el {w} de {q}.", "Dame {n} ideas para un {w}.", "¿Cuánto cuesta un {w} {a} en {q}?", "Resume lo que debo saber sobre el {w}.", "¿Qué errores se cometen con un {w}?", "¿Por qué mi {w} está {a} después de {n} días?"],
        contexts: &["Tengo el {w} desde hace {n} semanas.", "{p} dice que el {w} es {a}.", "Vivimos cerca de {q}.", "Sin {w}, por favor.", "Tiene que estar listo antes del {n}.", "El último {w} fue demasiado {a}.", "En {q} tenían {n}.", "No entiendo la parte del {w}."],
        syllables: &["ca", "lle", "mon", "tor", "rie", "go", "sal", "ven", "ta", "cha", "bri", "llo", "do", "pue"],
    },
    Tongue {
        code: "pt",
        requests: &["Como conserto um {w} quando o {w} está {a}?", "Explique a {p} a diferença entre {w} e {w}.", "Escreva {n} frases sobre o {w} de {q}.", "Dê-me {n} ideias para um {w}.", "Quanto custa um {w} {a} em {q}?", "Resuma o que devo saber sobre o {w}.", "Que erros se cometem com um {w}?", "Por que o meu {w} está {a} depois de {n} dias?"],
        contexts: &["Tenho o {w} há {n} semanas.", "{p} diz que o {w} é {a}.", "Moramos perto de {q}.", "Sem {w}, por favor.", "Tem de ficar pronto até o dia {n}.", "O último {w} foi muito {a}.", "Em {q} havia {n}.", "Não entendo a parte do {w}."],
        syllables: &["mar", "ção", "lho", "tei", "ra", "bom", "ven", "nho", "dar", "pra", "lei", "tu", "ga", "cho"],
    },
    Tongue {
        code: "it",
        requests: &["Come riparo un {w} se il {w} è {a}?", "Spiega a {p} la differenza tra {w} e {w}.", "Scrivi {n} frasi sul {w} di {q}.", "Dammi {n} idee per un {w}.", "Quanto costa un {w} {a} a {q}?", "Riassumi quello che devo sapere sul {w}.", "Quali errori si fanno con un {w}?", "Perché il mio {w} è {a} dopo {n} giorni?"],
        contexts: &["Ho questo {w} da {n} settimane.", "{p} dice che il {w} è {a}.", "Abitiamo vicino a {q}.", "Senza {w}, per favore.", "Deve essere pronto entro il {n}.", "L'ultimo {w} era troppo {a}.", "A {q} ne avevano {n}.", "Non capisco la parte sul {w}."],
        syllables: &["bel", "gio", "tto", "ra", "mon", "zia", "cche", "lo", "vi", "sto", "pia", "nze", "tru", "do"],
    },
    Tongue {
        code: "nl",
        requests: &["Hoe repareer ik een {w} als het {w} {a} is?", "Leg {p} het verschil uit tussen {w} en {w}.", "Schrijf {n} zinnen over het {w} in {q}.", "Geef me {n} ideeën voor een {w}.", "Wat kost een {a} {w} in {q}?", "Vat samen wat ik over het {w} moet weten.", "Welke fouten maakt men met een {w}?", "Waarom is mijn {w} na {n} dagen {a}?"],
        contexts: &["Ik heb het {w} al {n} weken.", "{p} zegt dat het {w} {a} is.", "Wij wonen vlak bij {q}.", "Zonder {w} graag.", "Het moet voor de {n}e klaar zijn.", "Het vorige {w} was te {a}.", "In {q} hadden ze er {n}.", "Het stuk over het {w} begrijp ik niet."],
        syllables: &["huis", "der", "vaa", "kel", "oor", "ling", "schap", "waa", "ter", "bij", "gel", "oen", "sta", "ver"],
    },
    Tongue {
        code: "ja",
        requests: &["{w}が{a}とき、{w}をどう直せばいいですか。", "{w}と{w}の違いを{p}に説明してください。", "{q}の{w}について{n}文で書いてください。", "{w}のアイデアを{n}個ください。", "{q}で{a}{w}はいくらですか。", "{w}について知っておくべきことをまとめて。", "{w}でよくある間違いは何ですか。", "{n}日後に{w}が{a}のはなぜですか。"],
        contexts: &["{w}は{n}週間前からあります。", "{p}は{w}が{a}と言っています。", "{q}の近くに住んでいます。", "{w}は使わないでください。", "{n}日までに終わらせたいです。", "前の{w}は{a}でした。", "{q}には{n}個ありました。", "{w}のところが分かりません。"],
        syllables: &["カ", "ミ", "ト", "サ", "ノ", "リ", "モ", "ワ", "シ", "タ", "ルコ", "ヤマ", "ハナ", "ソラ"],
    },
    Tongue {
        code: "zh",
        requests: &["如果{w}很{a},怎么修理{w}?", "请向{p}解释{w}和{w}的区别。", "写{n}句话介绍{q}的{w}。", "给我{n}个关于{w}的主意。", "{q}的{a}{w}多少钱?", "总结一下关于{w}我需要知道的内容。", "使用{w}常犯哪些错误?", "为什么{n}天后我的{w}变得{a}?"],
        contexts: &["这个{w}我用了{n}个星期。", "{p}说{w}是{a}的。", "我们住在{q}附近。", "请不要用{w}。", "必须在{n}号之前完成。", "上一个{w}太{a}了。", "{q}那边有{n}个。", "关于{w}的部分我不明白。"],
        syllables: &["木", "水", "山", "石", "风", "花", "金", "月", "田", "光", "云", "海", "星", "竹"],
    },
    Tongue {
        code: "ru",
        requests: &["Как починить {w}, если {w} уже {a}?", "Объясни {p} разницу между {w} и {w}.", "Напиши {n} предложений про {w} в {q}.", "Дай мне {n} идей про {w}.", "Сколько стоит {w} в {q}?", "Кратко расскажи, что мне нужно знать про {w}.", "Какие ошибки делают с {w}?", "Почему мой {w} стал {a} через {n} дней?"],
        contexts: &["У меня {w} уже {n} недель.", "{p} говорит, что {w} {a}.", "Мы живём рядом с {q}.", "Пожалуйста, без {w}.", "Нужно закончить до {n} числа.", "Прошлый {w} был слишком {a}.", "В {q} их было {n}.", "Я не понимаю часть про {w}."],
        syllables: &["гор", "ма", "ло", "сте", "ник", "дом", "ра", "вод", "ка", "ре", "зо", "лин", "бор", "ту"],
    },
];
