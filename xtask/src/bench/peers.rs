//! Other gateways, shown beside. Each is installed into `.bench-tools` when it
//! is first asked for, pinned, from its package registry; what cannot be
//! installed or started is left out with the reason.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::process::{Process, free_address};
use super::proxy::Proxy;
use super::rig::Rig;
use crate::tools::{NODE_WHEEL, Node, python_packages};

/// The peers there are.
pub(super) const NAMES: [&str; 3] = ["smg", "portkey", "litellm"];

const SMG: &str = "smg==1.13.0";
const LITELLM: &str = "litellm[proxy]==1.101.0";
const PORTKEY: &str = "@portkey-ai/gateway@1.15.2";

/// The longest wait for a first answer; LiteLLM imports for many seconds.
const LONGEST_START: Duration = Duration::from_secs(90);

/// Installs a peer where it is missing, and starts it before the rig's model
/// server.
pub(super) fn start(rig: &Rig<'_>, name: &str) -> Result<Proxy> {
    let mut peer = match name {
        "smg" => smg(rig)?,
        "portkey" => portkey(rig)?,
        "litellm" => litellm(rig)?,
        _ => bail!("no such peer: {name}; there are {}", NAMES.join(", ")),
    };
    rig.wait_for(&mut peer, LONGEST_START)?;
    Ok(peer)
}

/// Its simplest route: no keys, no retries, no polling of the model server's
/// load. Unlike Weir it checks nobody.
fn smg(rig: &Rig<'_>) -> Result<Proxy> {
    let venv = python_packages(&rig.programs.tools.join("smg"), &[SMG], "to be shown beside Weir")?;
    let (address, metrics) = (free_address()?, free_address()?);
    let mut command = rig.proxy(&venv.join("bin/smg"));
    command.args(["launch", "--host", "127.0.0.1", "--port", &address.port().to_string()]);
    command.args(["--worker-urls", &format!("http://{}", rig.upstream), "--backend", "openai"]);
    command.args([
        "--health-check-endpoint",
        "/v1/models",
        "--disable-load-monitoring",
        "--disable-tokenizer-autoload",
    ]);
    command.args(["--policy", "round_robin", "--disable-retries", "--log-level", "warn"]);
    command.args(["--prometheus-host", "127.0.0.1", "--prometheus-port", &metrics.port().to_string()]);
    Ok(Proxy::new("smg", address, Process::start("smg", &mut command, &rig.programs.scratch)?))
}

/// It takes its route from each request's headers.
fn portkey(rig: &Rig<'_>) -> Result<Proxy> {
    let tools = &rig.programs.tools;
    let node = Node::of(&python_packages(&tools.join("node"), &[NODE_WHEEL], "for Portkey")?)?;
    let modules = node.packages(&tools.join("portkey"), &[PORTKEY], "to be shown beside Weir")?;
    let package = modules.join("@portkey-ai/gateway");
    let address = free_address()?;
    let mut command = rig.proxy(node.program());
    command
        .current_dir(&package)
        .args(["build/start-server.js", "--headless"])
        .arg(format!("--port={}", address.port()));
    command.env("TRUSTED_CUSTOM_HOSTS", "127.0.0.1,localhost");
    let mut peer = Proxy::new("portkey", address, Process::start("portkey", &mut command, &rig.programs.scratch)?);
    peer.headers = vec![
        "x-portkey-provider: openai".to_owned(),
        format!("x-portkey-custom-host: http://{}/v1", rig.upstream),
        "authorization: Bearer none".to_owned(),
    ];
    Ok(peer)
}

/// One worker, no database, no keys.
fn litellm(rig: &Rig<'_>) -> Result<Proxy> {
    let venv = python_packages(&rig.programs.tools.join("litellm"), &[LITELLM], "to be shown beside Weir")?;
    let file = rig.programs.scratch.join("litellm.yaml");
    let text = format!(
        "model_list:\n  - model_name: atlas-5\n    litellm_params: {{model: openai/atlas-5, api_base: \"http://{}/v1\", api_key: none}}\nlitellm_settings: {{telemetry: false, num_retries: 0}}\n",
        rig.upstream
    );
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let address = free_address()?;
    let mut command = rig.proxy(&venv.join("bin/litellm"));
    command.arg("--config").arg(&file).args(["--host", "127.0.0.1", "--num_workers", "1"]);
    command.args(["--port", &address.port().to_string()]);
    // It asks a server on the internet for prices otherwise.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("LITELLM_LOG", "ERROR");
    Ok(Proxy::new("litellm", address, Process::start("litellm", &mut command, &rig.programs.scratch)?))
}
