//! An invented internet: addresses and client fingerprints.
//!
//! All addresses are from 240.0.0.0/4, which nobody was ever given, and all
//! autonomous systems have private numbers.

use weir_exchange::LoggedClient;

use super::corpus::push_number;
use crate::random::{SeededRandom, mix};

/// Where an account calls from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::traffic) enum Network {
    /// A household's line, or a phone behind a carrier's shared addresses, or
    /// now and then a public exit: as people do.
    People,
    /// One household's line and nothing else.
    Household,
    /// A rented machine.
    Cloud,
    /// A few addresses that a firm or a campus sends everything through.
    Site { seed: u64, addresses: u32 },
    /// The exits of a proxy network, another one each time.
    Proxies { seed: u64, exits: u32 },
    /// A public exit network or carrier with few addresses for very many.
    Carrier { seed: u64 },
}

const HOME_PROVIDERS: u64 = 40;
const CARRIERS: u64 = 10;
const CLOUDS: u64 = 12;
const PUBLIC_EXITS: u64 = 8;

/// An address and who announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    address: u32,
    asn: u32,
}

impl Network {
    /// The address of one session of an account.
    fn place(self, account: u64, session: u64, day: i64) -> Place {
        let mut own = SeededRandom::for_member(account, 0x006e_6574);
        match self {
            Self::People => {
                let draw = own.below(100);
                let mut now = SeededRandom::for_member(account, session);
                if draw < 58 || (draw < 90 && now.chance(55)) {
                    household(account, day, &mut own)
                } else if draw < 95 {
                    carrier(own.below(CARRIERS), now.below(256))
                } else {
                    public_exit(own.below(PUBLIC_EXITS), now.below(64))
                }
            }
            Self::Household => household(account, day, &mut own),
            Self::Cloud => cloud(&mut own),
            Self::Site { seed, addresses } => {
                let mut site = SeededRandom::for_member(seed, 0x7369_7465);
                let base = site.below(1 << 16);
                let at = mix(account ^ session) % u64::from(addresses.max(1));
                place(0xfa00_0000 + (base << 8) + at % 256, 64_600 + site.below(300))
            }
            Self::Proxies { seed, exits } => {
                let exit = mix(account ^ mix(session)) % u64::from(exits.max(1));
                let mut line = SeededRandom::for_member(seed, exit);
                home(line.next_bits(), &mut line)
            }
            Self::Carrier { seed } => carrier(seed % CARRIERS, mix(account ^ session) % 256),
        }
    }
}

/// A household's line; its address changes now and then.
fn household(account: u64, day: i64, own: &mut SeededRandom) -> Place {
    let lease = day.div_euclid(5 + i64::try_from(own.below(60)).unwrap_or(0));
    home(mix(account ^ mix(u64::from_ne_bytes(lease.to_ne_bytes()))), own)
}

/// A household: a provider of Zipf size, within it anywhere.
fn home(line: u64, random: &mut SeededRandom) -> Place {
    let provider = random.rank(usize::try_from(HOME_PROVIDERS).unwrap_or(1)) as u64;
    place(0xf000_0000 + (provider << 20) + line % (1 << 20), 64_512 + provider)
}

fn carrier(carrier: u64, address: u64) -> Place {
    place(0xf800_0000 + (carrier << 16) + address, 64_560 + carrier)
}

fn cloud(random: &mut SeededRandom) -> Place {
    let cloud = random.below(CLOUDS);
    place(0xf900_0000 + (cloud << 16) + random.below(1 << 16), 64_580 + cloud)
}

fn public_exit(network: u64, exit: u64) -> Place {
    place(0xf880_0000 + (network << 8) + exit, 64_570 + network)
}

fn place(address: u64, asn: u64) -> Place {
    Place { address: u32::try_from(address).unwrap_or(0xf000_0000), asn: u32::try_from(asn).unwrap_or(64_512) }
}

/// The program that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) enum Caller {
    /// A browser on the provider's own pages.
    Browser,
    /// A library in a program: the usual ones, in the version one has.
    Library,
    /// One program, by its seed: a framework, a tool, a harness.
    Program(u64),
}

/// Libraries by how common they are, each with its own TLS habits.
const LIBRARIES: &[(&str, &str)] = &[
    ("openai-python/3.", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("openai-node/6.", "t13d1714h1_5b57614c22b0_3d5424432f57"),
    ("anthropic-python/1.", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("python-requests/2.", "t13d1812h1_85036bcba153_b26ce05bbdd6"),
    ("langloom/0.", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("Go-http-client/2.", "t13d190900_9dc949149365_97f8aa674fd9"),
    ("okhttp/5.", "t13d1512h2_8daaf6152771_c866b44c5a26"),
    ("curl/8.", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"),
    ("reqwest/0.", "t13d1011h2_61a7ad8aa9b6_3fcd1a44f3e3"),
    ("axios/1.", "t13d1714h1_5b57614c22b0_3d5424432f57"),
];

const BROWSERS: &[(&str, &str)] = &[
    ("Mozilla/5.0 (desktop) Tern/1", "t13d1517h2_8daaf6152771_b0da82dd1658"),
    ("Mozilla/5.0 (phone) Tern/1", "t13d1516h2_8daaf6152771_9b887d9acb53"),
    ("Mozilla/5.0 (phone) Heron/2", "t13d2014h2_a09f3c656075_14788d8d241b"),
    ("Mozilla/5.0 (desktop) Heron/1", "t13d2014h2_a09f3c656075_e42f34c56612"),
    ("Mozilla/5.0 (desktop) Wren/1", "t13d1715h2_5b57614c22b0_5c2c66f702b4"),
    ("atlas-app/4.", "t13d1311h2_f57a46bbacb6_ab7e3b40a677"),
];

/// Fills in who calls from where.
pub(in crate::traffic) fn write_client(
    out: &mut LoggedClient,
    network: Network,
    caller: Caller,
    account: u64,
    session: u64,
    day: i64,
) {
    let at = network.place(account, session, day);
    write_address(out.ip.get_or_insert_default(), at.address);
    out.asn = Some(at.asn);
    let mut own = SeededRandom::for_member(account, 0x7561);
    let agent = super::emptied(&mut out.user_agent);
    let ja4 = match caller {
        Caller::Browser => {
            let (name, ja4) = BROWSERS[own.rank(BROWSERS.len())];
            agent.push_str(name);
            push_number(agent, 30 + own.rank(12) as u64);
            ja4
        }
        Caller::Library => {
            let (name, ja4) = LIBRARIES[own.rank(LIBRARIES.len())];
            agent.push_str(name);
            push_number(agent, 51 - own.rank(20) as u64);
            agent.push_str(".0");
            ja4
        }
        Caller::Program(seed) => {
            let mut program = SeededRandom::for_member(seed, 0x7072_6f67);
            let (_, ja4) = LIBRARIES[program.rank(LIBRARIES.len())];
            agent.push_str(
                ["loomcode", "ferry-agent", "papertern", "relaykit", "mintdesk", "evalbench"][program.position(6)],
            );
            agent.push('/');
            push_number(agent, program.below(9));
            agent.push('.');
            push_number(agent, program.below(40));
            ja4
        }
    };
    super::emptied(&mut out.ja4).push_str(ja4);
}

fn write_address(out: &mut String, address: u32) {
    out.clear();
    for (at, byte) in address.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        push_number(out, u64::from(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reserved_addresses_and_private_systems() {
        let networks = [
            Network::People,
            Network::Household,
            Network::Cloud,
            Network::Site { seed: 4, addresses: 3 },
            Network::Proxies { seed: 9, exits: 50 },
            Network::Carrier { seed: 2 },
        ];
        for network in networks {
            for account in 0..200 {
                let at = network.place(account, account * 7, 3);
                assert!(at.address >> 28 == 0xf && at.address >> 24 < 0xff, "{at:?}");
                assert!((64_512..65_535).contains(&at.asn));
                assert_eq!(at, network.place(account, account * 7, 3));
            }
        }
    }

    #[test]
    fn proxies_share_exits_and_homes_do_not() {
        let distinct = |network: Network| {
            (0..2_000)
                .map(|account| network.place(account, 1, 0).address)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        assert!(distinct(Network::Proxies { seed: 1, exits: 100 }) <= 100);
        assert!(distinct(Network::People) > 1_300);
    }
}
