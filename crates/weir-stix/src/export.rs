//! A finding as a bundle.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use weir_acts::Time;
use weir_detect::{Dossier, Status};

use crate::identifier::{Identifier, IdentifierKey, IdentifierKind};
use crate::ids;
use crate::tlp::Tlp;

/// What goes into a bundle, and how.
#[derive(Debug, Clone)]
pub struct Export<'e> {
    /// The finding.
    pub dossier: &'e Dossier,
    /// Who and what is meant: only members of a campaign, never the associated.
    pub named: Vec<(IdentifierKind, &'e str)>,
    /// Who says so.
    pub from: &'e str,
    /// With whom it may be shared.
    pub tlp: Tlp,
    /// When it is to be forgotten.
    pub expires: Time,
    /// What hides who is meant.
    pub key: &'e IdentifierKey,
    /// Whether the key is in the bundle.
    pub with_key: bool,
}

/// Identifiers in one pattern; more make another indicator.
const IN_ONE_PATTERN: usize = 500;
/// Accounts shown as observed; the indicators have all.
const OBSERVED: usize = 1_000;
/// The most that STIX lets be counted (section 4.14).
const MOST_COUNTED: u64 = 999_999_999;

/// Makes the bundle.
pub fn bundle(export: &Export<'_>) -> Value {
    let maker = Maker { export, campaign: &export.dossier.id, modified: export.dossier.last.max(export.dossier.alarm) };
    let mut objects = vec![export.tlp.marking(), maker.extension(), maker.identity()];
    let (campaign, technique) = (maker.campaign(), attack_pattern(&maker));
    let pool = maker.infrastructure();
    let (accounts, observed) = maker.observed();
    let indicators = maker.indicators();
    let mut links = vec![maker.link("uses", &campaign, &technique), maker.link("uses", &campaign, &pool)];
    for indicator in &indicators {
        links.push(maker.link("indicates", indicator, &campaign));
        links.extend(observed.as_ref().map(|observed| maker.link("based-on", indicator, observed)));
    }
    objects.extend([campaign, technique, pool]);
    objects.extend(accounts);
    objects.extend(observed);
    objects.extend(indicators);
    objects.extend(links);
    json!({ "type": "bundle", "id": ids::object("bundle", &maker.name("")), "objects": objects })
}

/// The id under which STIX knows what Weir adds to it.
pub(crate) fn extension_id() -> String {
    ids::object("extension-definition", "keyed identifiers, 1")
}

struct Maker<'e> {
    export: &'e Export<'e>,
    campaign: &'e str,
    modified: Time,
}

impl Maker<'_> {
    fn name(&self, part: &str) -> String {
        format!("{}\0{}\0{part}", self.export.from, self.campaign)
    }

    fn identity_id(&self) -> String {
        ids::object("identity", self.export.from)
    }

    /// An object with what all have.
    fn object(&self, kind: &str, part: &str, more: Value) -> Value {
        let mut object = Map::new();
        object.insert("type".into(), kind.into());
        object.insert("spec_version".into(), "2.1".into());
        object.insert("id".into(), ids::object(kind, &self.name(part)).into());
        object.insert("created_by_ref".into(), self.identity_id().into());
        object.insert("created".into(), self.export.dossier.alarm.to_string().into());
        object.insert("modified".into(), self.modified.to_string().into());
        object.insert("object_marking_refs".into(), json!([self.export.tlp.id()]));
        if let Value::Object(more) = more {
            object.extend(more);
        }
        Value::Object(object)
    }

    fn identity(&self) -> Value {
        json!({
            "type": "identity", "spec_version": "2.1", "id": self.identity_id(),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": self.export.from, "identity_class": "organization",
        })
    }

    fn extension(&self) -> Value {
        json!({
            "type": "extension-definition", "spec_version": "2.1", "id": extension_id(),
            "created_by_ref": self.identity_id(),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": "Keyed identifiers",
            "description": "Values in patterns are HMAC-SHA256 under the key with this id, over the kind of \
                identifier (account, payment or template), a zero byte and its name; `key` is there where the key is shared",
            "schema": "https://weir.example/stix/keyed-identifiers-1.json", "version": "1.0.0",
            "extension_types": ["property-extension"],
        })
    }

    fn campaign(&self) -> Value {
        let dossier = self.export.dossier;
        let shown = match dossier.status {
            Status::Campaign => "Linkage, harvest and concealment are shown",
            Status::Suspected => "Linkage and harvest are shown; concealment could not be assessed",
        };
        let taken = &dossier.taken;
        let description = format!(
            "Coordinated harvesting of a model's outputs by {} accounts. {shown}; the linkage e-process stands at \
             2^{:.1}. {} exchanges with {} output tokens were seen.",
            dossier.accounts, dossier.log2_e, taken.exchanges, taken.output_tokens
        );
        self.object("campaign", "", json!({
            "name": format!("Coordinated harvesting {}", self.campaign),
            "description": description,
            "objective": "A training set made of a model's outputs",
            "first_seen": dossier.first.to_string(),
            "last_seen": dossier.last.max(dossier.first).to_string(),
            "confidence": if dossier.status == Status::Campaign { 85 } else { 50 },
        }))
    }

    fn infrastructure(&self) -> Value {
        let dossier = self.export.dossier;
        let through_proxies = dossier.evidence.iter().any(|evidence| evidence.block == "network");
        self.object("infrastructure", "", json!({
            "name": format!("A pool of {} accounts", dossier.accounts),
            "infrastructure_types": [if through_proxies { "anonymization" } else { "unknown" }],
            "first_seen": dossier.first.to_string(),
            "last_seen": dossier.last.max(dossier.first).to_string(),
        }))
    }

    /// The accounts as observed, and the observation; none where none is named.
    fn observed(&self) -> (Vec<Value>, Option<Value>) {
        let identifiers = self.identifiers(IdentifierKind::Account);
        let accounts: Vec<Value> = identifiers
            .iter()
            .take(OBSERVED)
            .map(|identifier| {
                let user_id = identifier.to_string();
                json!({
                    "type": "user-account", "spec_version": "2.1", "id": ids::user_account(&user_id),
                    "user_id": user_id, "object_marking_refs": [self.export.tlp.id()],
                })
            })
            .collect();
        let refs: Vec<&Value> = accounts.iter().map(|account| &account["id"]).collect();
        let dossier = self.export.dossier;
        let observed = (!refs.is_empty()).then(|| {
            self.object("observed-data", "", json!({
                "first_observed": dossier.first.to_string(),
                "last_observed": dossier.last.max(dossier.first).to_string(),
                "number_observed": dossier.exchanges.clamp(1, MOST_COUNTED),
                "object_refs": refs,
            }))
        });
        (accounts, observed)
    }

    fn identifiers(&self, kind: IdentifierKind) -> BTreeSet<Identifier> {
        let named = self.export.named.iter().filter(|(of, _)| *of == kind);
        named.map(|(_, name)| self.export.key.identify(kind, name)).collect()
    }

    fn indicators(&self) -> Vec<Value> {
        let mut indicators = Vec::new();
        for kind in IdentifierKind::ALL {
            let identifiers: Vec<Identifier> = self.identifiers(kind).into_iter().collect();
            for (number, part) in identifiers.chunks(IN_ONE_PATTERN).enumerate() {
                indicators.push(self.indicator(kind, number, part));
            }
        }
        indicators
    }

    fn indicator(&self, kind: IdentifierKind, number: usize, identifiers: &[Identifier]) -> Value {
        let values: Vec<String> = identifiers.iter().map(|identifier| format!("'{identifier}'")).collect();
        let mut keyed = json!({ "extension_type": "property-extension", "key_id": self.export.key.id() });
        if self.export.with_key {
            keyed["key"] = self.export.key.digits().into();
        }
        let dossier = self.export.dossier;
        self.object("indicator", &format!("{}\0{number}", kind.as_str()), json!({
            "name": format!("{} {}s of {}", identifiers.len(), kind.as_str(), self.campaign),
            "indicator_types": ["malicious-activity"],
            "pattern": format!("[{} IN ({})]", kind.path(), values.join(", ")),
            "pattern_type": "stix",
            "pattern_version": "2.1",
            "valid_from": dossier.first.to_string(),
            "valid_until": self.export.expires.max(Time::from_millis(dossier.first.millis() + 1)).to_string(),
            "extensions": { extension_id(): keyed },
        }))
    }

    fn link(&self, kind: &str, from: &Value, to: &Value) -> Value {
        let part = format!("{kind}\0{}\0{}", from["id"], to["id"]);
        self.object("relationship", &part, json!({
            "relationship_type": kind, "source_ref": from["id"], "target_ref": to["id"],
        }))
    }
}

fn attack_pattern(maker: &Maker<'_>) -> Value {
    maker.object("attack-pattern", "AML.T0008.005", json!({
        "name": "AI Service Proxies",
        "external_references": [{
            "source_name": "mitre-atlas",
            "external_id": "AML.T0008.005",
            "url": "https://atlas.mitre.org/techniques/AML.T0008.005",
        }],
    }))
}
