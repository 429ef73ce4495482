//! Which fields of the record are wanted. A Parquet file's other columns are
//! then not read; in JSON Lines they cost little and are read all the same.

/// A field of the record. `time` and `account` are always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the record's field of that name")]
pub enum Column {
    Id,
    Time,
    Account,
    Party,
    Api,
    Model,
    ServedModel,
    Conversation,
    Messages,
    Sketch,
    Client,
    Params,
    Usage,
    Outcome,
    Decision,
    TreeSize,
    Person,
    Seq,
    Truncated,
}

impl Column {
    const NAMED: [(&'static str, Column); 19] = [
        ("id", Column::Id),
        ("time", Column::Time),
        ("account", Column::Account),
        ("party", Column::Party),
        ("api", Column::Api),
        ("model", Column::Model),
        ("served_model", Column::ServedModel),
        ("conversation", Column::Conversation),
        ("messages", Column::Messages),
        ("sketch", Column::Sketch),
        ("client", Column::Client),
        ("params", Column::Params),
        ("usage", Column::Usage),
        ("outcome", Column::Outcome),
        ("decision", Column::Decision),
        ("tree_size", Column::TreeSize),
        ("person", Column::Person),
        ("seq", Column::Seq),
        ("truncated", Column::Truncated),
    ];

    /// The field of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Column> {
        Column::NAMED.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns(u32);

impl Columns {
    /// All of them.
    pub const ALL: Columns = Columns(u32::MAX);

    /// These, with `time` and `account`.
    #[must_use]
    pub const fn of(columns: &[Column]) -> Columns {
        let mut set = 1 << Column::Time as u32 | 1 << Column::Account as u32;
        let mut place = 0;
        while place < columns.len() {
            set |= 1 << columns[place] as u32;
            place += 1;
        }
        Columns(set)
    }

    /// Whether a field is in the set.
    #[must_use]
    pub const fn holds(self, column: Column) -> bool {
        self.0 & (1 << column as u32) != 0
    }
}
