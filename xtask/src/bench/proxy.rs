//! What is measured: an address, how to call it, and the process to weigh.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::process::{Process, Usage, free_address};
use super::rig::Rig;
use super::weir;

/// A proxy in front of the rig's model server.
pub(super) struct Proxy {
    /// Its name in rows.
    pub(super) name: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Where its chat completions are.
    pub(super) path: String,
    /// Headers it wants beside the usual.
    pub(super) headers: Vec<String>,
    process: Option<Process>,
}

impl Proxy {
    /// One that has just been started.
    pub(super) fn new(name: &'static str, address: SocketAddr, process: Process) -> Proxy {
        Proxy { name, address, path: "/v1/chat/completions".to_owned(), headers: Vec::new(), process: Some(process) }
    }

    /// No proxy at all.
    pub(super) fn direct(upstream: SocketAddr) -> Proxy {
        let path = "/v1/chat/completions".to_owned();
        Proxy { name: "direct", address: upstream, path, headers: Vec::new(), process: None }
    }

    /// What its processes have used.
    pub(super) fn used(&self) -> Result<Usage> {
        self.process.as_ref().context("nothing to weigh")?.used()
    }

    /// An error when its process has ended.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::still_runs)
    }
}

/// The proxies that the bars are about: nginx, and Weir where it was built.
pub(super) fn contenders(rig: &Rig<'_>) -> Result<Vec<Proxy>> {
    let mut contenders = vec![nginx(rig)?];
    if let Some(program) = &rig.programs.weir {
        contenders.push(weir::start(rig, program, true)?);
        contenders.push(weir::start(rig, program, false)?);
    }
    Ok(contenders)
}

fn nginx(rig: &Rig<'_>) -> Result<Proxy> {
    let folder = rig.programs.scratch.join("nginx");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let address = free_address()?;
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(&folder, address, rig.upstream))?;
    let mut command = rig.proxy(Path::new("/usr/sbin/nginx"));
    command.arg("-p").arg(&folder).arg("-c").arg(&file).args(["-e", "stderr"]);
    let mut proxy = Proxy::new("nginx", address, Process::start("nginx", &mut command, &rig.programs.scratch)?);
    rig.wait_for(&mut proxy, Duration::from_secs(10))?;
    Ok(proxy)
}

/// One worker, as every proxy here has; no buffering of answers, so that a
/// stream is a stream; connections kept on both sides; an access log as it
/// comes, a line a request.
fn configuration(folder: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log combined;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    upstream model {{
        server {upstream};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://model;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
        }}
    }}
}}
"
    )
}
