//! A server of its own with a party, an account and a model server behind it, and
//! what is in its folder.

use std::path::{Path, PathBuf};

use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

use crate::program::Weir;
use crate::server::{Server, seed};

pub(crate) const CONFIG: &str = "listen = \"127.0.0.1:0\"\n";

pub(crate) struct House {
    pub(crate) server: Server,
    /// The key of account `acme/ci`.
    pub(crate) key: String,
    pub(crate) upstream: StandInHandle,
}

impl House {
    /// One with these models at their stages.
    pub(crate) fn with(models: &[(&str, &str)]) -> House {
        let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
        let server = Server::start(Weir::new(), Path::new("data"), CONFIG);
        let key = seed(&server, &upstream.base_url(), models);
        House { server, key, upstream }
    }

    pub(crate) fn weir(&self) -> &Weir {
        self.server.weir()
    }

    /// Someone else who may act there, in a folder of their own.
    pub(crate) fn operator(&self, name: &str, role: &str) -> Weir {
        let added = self.weir().line(&format!("operator add {name} --role {role}")).done().json();
        Weir::new().with("WEIR_SERVER", self.server.base()).with("WEIR_TOKEN", added["token"].as_str().unwrap())
    }

    /// Sets rules that others approve.
    pub(crate) fn rules(&self, text: &str, officers: &[Weir]) {
        self.weir().write("rules/own.cedar", text);
        let drafted = self.weir().line("rules set rules").done().json();
        for officer in officers {
            officer.line(&format!("approve {}", drafted["id"].as_str().unwrap())).done();
        }
    }

    /// Ends the server by a signal and starts it again on the same folder.
    pub(crate) fn again(self, signal: &str, meanwhile: impl FnOnce(&Path)) -> House {
        House { server: self.server.again(signal, CONFIG, meanwhile), ..self }
    }
}

/// Every file in a folder and those in it. Any may go while it is looked through.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = listing.map(|file| file.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Whether any file in the folder holds the bytes, letters in whatever case.
pub(crate) fn holds(folder: &Path, bytes: impl AsRef<[u8]>) -> bool {
    let bytes = bytes.as_ref();
    files(folder).iter().any(|path| {
        let found = std::fs::read(path).unwrap_or_default();
        found.windows(bytes.len()).any(|window| window.eq_ignore_ascii_case(bytes))
    })
}
