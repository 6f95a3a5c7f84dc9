//! Which words of a filter expression libpcap would look up.
//!
//! libpcap asks the resolver, `/etc/networks` and `/etc/ethers`, or whatever the system has in their place, for every
//! word that it does not know itself. wardtap sends nothing, so an expression is read here first, and refused where it
//! holds such a word. The reading is coarser than libpcap's grammar and errs to one side: what passes holds no name
//! where libpcap would look for a host or a network. Words are cut as `scanner.l` of libpcap cuts them (the longest
//! match), and where a name stands is told as `grammar.y` does: behind `port` and `proto`, and what is joined to them
//! by `and`, `or`, `not` and parentheses.

use std::net::Ipv6Addr;

/// The words of libpcap 1.8 to 1.10, but for those in [`NAMING`] and [`NEWER`], and those that say what kind of name
/// follows or join two of them.
const KEYWORDS: &str = "dst src link ether ppp slip fddi tr wlan arp rarp ip sctp tcp udp icmp igmp igrp pim vrrp \
    carp radio ip6 icmp6 ah esp atalk aarp decnet lat sca moprc mopdl iso esis es-is isis is-is l1 l2 iih lsp snp csnp \
    psnp clnp stp ipx netbeui host net mask gateway address1 addr1 address2 addr2 address3 addr3 address4 addr4 ra ta \
    less greater byte broadcast multicast len length inbound outbound vlan mpls pppoed pppoes lane metac bcc oam oamf4 \
    oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect rnr rulenum srnr subrulenum fisu lssu lsu msu hfisu hlssu \
    hmsu sio opc dpc sls hsio hopc hdpc hsls icmptype icmpcode icmp-echoreply icmp-unreach icmp-sourcequench \
    icmp-redirect icmp-echo icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp \
    icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply tcpflags tcp-fin tcp-syn tcp-rst tcp-push \
    tcp-ack tcp-urg tcp-ece tcp-cwr";

/// Behind these stands a word of libpcap's own tables, or a name that is compared as it is: nothing is looked up.
const NAMING: &str = "type subtype direction dir llc on ifname rset ruleset reason action";

/// Words that not every libpcap has. Each stands with an expression that an older one cannot parse, whatever the names
/// are that it knows: an unknown word alone, or where a number is due, is a syntax error.
const NEWER: [(&str, &str); 4] =
    [("geneve", "geneve"), ("vxlan", "vxlan"), ("batadv", "batadv"), ("ifindex", "ifindex 1")];

/// Where a name stands, of those that may be known without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind `port`.
    Port,
    /// Behind `portrange`.
    PortRange,
    /// Behind `proto` or `protochain`.
    Protocol,
}

/// What is asked about words that the tables here do not settle.
pub(super) trait Known {
    /// Why a name of a port or protocol may not stand there; None where it may.
    fn objection(&mut self, place: Place, name: &str) -> Option<&'static str>;
    /// Whether libpcap can parse an expression (which holds no names).
    fn parses(&mut self, expression: &str) -> bool;
}

/// A word that may not stand where it does, and why; to be read as one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused<'a> {
    pub(super) word: &'a str,
    pub(super) why: &'static str,
}

const NEITHER: &str = "is neither a word of pcap-filter(7) nor an address, and names are not looked up, since that \
    would send packets: write the address";
const UPPER_CASE: &str = "is not a word of pcap-filter(7): those are in lower case";

/// Refuses an expression in which libpcap would look up a host, a network, an Ethernet address, or a port or protocol
/// that `known` objects to.
pub(super) fn check<'a>(expression: &'a str, known: &mut dyn Known) -> Result<(), Refused<'a>> {
    // Where a name would stand; None where a host or network would.
    let mut place = None;
    let mut outer = Vec::new();
    let mut named = false;
    let mut rest = expression;
    while let Some((token, after)) = Token::first(rest) {
        rest = after;
        let naming = std::mem::take(&mut named);
        match token {
            Token::Open => outer.push(place),
            Token::Close => place = outer.pop().flatten(),
            Token::Joining | Token::Space => named = naming && token == Token::Space,
            Token::Number => {}
            Token::Other => place = None,
            Token::Name(_) if naming => place = None,
            Token::Word(word) => match word {
                "port" => place = Some(Place::Port),
                "portrange" => place = Some(Place::PortRange),
                "proto" | "protochain" => place = Some(Place::Protocol),
                _ if holds(NAMING, word) => (place, named) = (None, true),
                _ if is_keyword(word, known) => place = None,
                _ if naming => place = None,
                _ => judge(place, word, known)?,
            },
            Token::Name(name) => judge(place, name, known)?,
        }
    }
    Ok(())
}

fn judge<'a>(place: Option<Place>, word: &'a str, known: &mut dyn Known) -> Result<(), Refused<'a>> {
    let why = match place {
        None if holds(KEYWORDS, &word.to_ascii_lowercase()) => Some(UPPER_CASE),
        None => Some(NEITHER),
        Some(Place::PortRange) if word.contains('-') => {
            let ends = word.splitn(2, '-').filter(|end| !is_number(end));
            ends.into_iter().find_map(|end| known.objection(Place::Port, end))
        }
        Some(place) => known.objection(place, word),
    };
    why.map_or(Ok(()), |why| Err(Refused { word, why }))
}

fn is_keyword(word: &str, known: &mut dyn Known) -> bool {
    holds(KEYWORDS, word)
        || NEWER.iter().any(|(newer, example)| *newer == word && known.parses(example))
        // `icmp6-echo` and its like, numbers by another name: since 1.10.
        || (word.starts_with("icmp6") && known.parses(&format!("ip[{word}] = 0")))
}

fn holds(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|one| one == word)
}

/// A piece of an expression, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Space,
    Open,
    Close,
    /// `and`, `or`, `not`: what stands behind them is of the kind of what stands before.
    Joining,
    Number,
    /// A keyword, or a name.
    Word(&'a str),
    /// Behind a backslash: a name, whatever it is.
    Name(&'a str),
    /// An address or an operator.
    Other,
}

impl<'a> Token<'a> {
    /// The first token of a text, and what is left of it.
    fn first(text: &'a str) -> Option<(Self, &'a str)> {
        let first = text.chars().next()?;
        let word = word(text);
        let address = colons(text);
        let (token, length) = if let Some(address) = address.filter(|address| address.len() > word.len()) {
            (Token::Other, address.len())
        } else if !word.is_empty() {
            let token = match word {
                "and" | "or" | "not" => Token::Joining,
                _ if is_mac(word) || is_dotted(word) => Token::Other,
                _ if is_number(word) => Token::Number,
                _ => Token::Word(word),
            };
            (token, word.len())
        } else {
            let two = ["&&", "||"].iter().any(|joining| text.starts_with(joining));
            match first {
                ' ' | '\t' | '\r' | '\n' => (Token::Space, 1),
                '(' => (Token::Open, 1),
                ')' => (Token::Close, 1),
                '!' if !text.starts_with("!=") => (Token::Joining, 1),
                '\\' => {
                    let name = text.get(1..).unwrap_or_default();
                    let name = name.split([' ', '!', '(', ')', '\n', '\t']).next().unwrap_or_default();
                    (Token::Name(name), name.len().saturating_add(1))
                }
                _ if two => (Token::Joining, 2),
                other => (Token::Other, other.len_utf8()),
            }
        };
        Some((token, text.get(length..).unwrap_or_default()))
    }
}

/// What a text begins with of the characters of words: letters, digits and dots, and within it `-` and `_`.
fn word(text: &str) -> &str {
    if !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return "";
    }
    let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    text.get(..length).unwrap_or_default().trim_end_matches(['-', '_'])
}

/// The longest address with colons that a text begins with.
fn colons(text: &str) -> Option<&str> {
    /// Eight groups, the last two as an IPv4 address: no address is longer.
    const LONGEST: usize = 45;
    let length = text.find(|c: char| !(c.is_ascii_hexdigit() || ":.".contains(c))).unwrap_or(text.len());
    let addresses = (2..=length.min(LONGEST)).rev().filter_map(|length| text.get(..length));
    addresses.into_iter().find(|text| text.contains(':') && (text.parse::<Ipv6Addr>().is_ok() || is_mac(text)))
}

/// `10`, `0x1f`.
fn is_number(word: &str) -> bool {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => is_hex(digits) && !digits.is_empty(),
        None => !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// An IPv4 address, or the beginning of one: two to four numbers.
fn is_dotted(word: &str) -> bool {
    (1..4).contains(&word.matches('.').count()) && word.split('.').all(is_number)
}

/// An Ethernet address in one of the five ways of writing it.
fn is_mac(word: &str) -> bool {
    let parts = |separator, count, lengths: std::ops::RangeInclusive<usize>| {
        let fits = |part: &str| lengths.contains(&part.len()) && is_hex(part);
        word.split(separator).count() == count && word.split(separator).all(fits)
    };
    parts(':', 6, 1..=2)
        || parts('-', 6, 1..=2)
        || parts('.', 6, 1..=2)
        || parts('.', 3, 4..=4)
        || (word.len() == 12 && is_hex(word))
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows `http`, `ftp` and `tcp`; libpcap has all words, or those of 1.8 only.
    struct Table {
        modern: bool,
    }

    impl Known for Table {
        fn objection(&mut self, place: Place, name: &str) -> Option<&'static str> {
            let known = match place {
                Place::Protocol => name == "tcp",
                _ => name == "http" || name == "ftp",
            };
            (!known).then_some("is not known")
        }

        fn parses(&mut self, _: &str) -> bool {
            self.modern
        }
    }

    fn refused(expression: &str) -> Option<&str> {
        check(expression, &mut Table { modern: true }).err().map(|refused| refused.word)
    }

    #[test]
    fn what_is_never_looked_up() {
        for expression in [
            "",
            "tcp port 104 or (vlan and tcp port 104)",
            "host 10.0.0.1 or 10.0.0.2 and not net 10.1 mask 255.255",
            "net 192.168.0.0/16 && !src net 10/8 || dst host 0x0a.0.0.1",
            "ip6 host fe80::1 or ::1 or 2001:db8:0:0:0:0:0:1 or ::ffff:10.0.0.1 or ip6 net fe80::/10",
            "ether host 00:1b:2c:3d:4e:5f or 0:1:2:a:b:c or 00-1B-2C-3d-4e-5f or 00.1b.2c.3d.4e.5f or 001b.2c3d.4e5f or \
             aabbccddeeff",
            "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and ip[6:2] & 0x1fff = 0",
            "icmp[icmptype] != icmp-echo and icmp6[icmp6type] = icmp6-echo",
            "port http or ftp or (http and not 80) and tcp src port (http or ftp)",
            "portrange 1-1023 or portrange http-99 or portrange ftp",
            "ip proto \\tcp or 6 and ip6 protochain tcp",
            "wlan type mgt subtype probe-req or wlan subtype beacon or wlan dir tods",
            "llc and llc ui or llc rnr",
            "on eth0 and rset pacs and reason match and action pass and ifname  br-1",
            "geneve 5 and vxlan and ifindex 7",
            "len % 2 = 1 and ether[0] ^ ether[1] > len / 7 and greater 200",
        ] {
            assert_eq!(refused(expression), None, "{expression}");
        }
    }

    #[test]
    fn what_would_be_looked_up() {
        for (expression, word) in [
            ("host pacs", "pacs"),
            ("pacs", "pacs"),
            ("src pacs.example.org", "pacs.example.org"),
            ("host 10.0.0.1 or pacs", "pacs"),
            ("net loopback", "loopback"),
            ("gateway snup", "snup"),
            ("ether host ct-2 and tcp", "ct-2"),
            ("wlan ra ct2", "ct2"),
            // Not quite addresses.
            ("host 1.2.3.4.5", "1.2.3.4.5"),
            ("host 1.2.3.", "1.2.3."),
            ("host 10.0.0.1a", "10.0.0.1a"),
            ("host abc:def", "abc"),
            ("host fe80::1%eth0", "eth0"),
            ("host 00-1b-2c-3d-4e-5f-60", "00-1b-2c-3d-4e-5f-60"),
            ("host \\tcp", "tcp"),
            ("host 12:34:56:78:9a:bc:de:f0:ab", "ab"),
            // The name of a port or protocol, but not where one stands.
            ("host http", "http"),
            ("port http and host ftp", "ftp"),
            ("port http and (host 10.0.0.1 or ftp)", "ftp"),
            ("host 10.0.0.1 and (port http) or ftp", "ftp"),
            ("port 80 and vlan or http", "http"),
            ("port 80 and dst http", "http"),
            ("port 80 and (tcp) or (http) and dst http", "http"),
            ("ip proto tcp or src tcp or foo", "foo"),
            ("port 80 and ip[0] = 5 or http", "http"),
            ("on eth0 or http", "http"),
            ("llc and ui", "ui"),
            ("llc (ui)", "ui"),
            ("type mgt beacon", "beacon"),
            // Names that nobody has.
            ("port hl7", "hl7"),
            ("port http or hl7", "hl7"),
            ("portrange 1-hl7", "1-hl7"),
            ("ip proto hl7", "hl7"),
            ("port \\hl7", "hl7"),
            // Spelling.
            ("HOST 10.0.0.1", "HOST"),
            ("tcp prot 5", "prot"),
        ] {
            assert_eq!(refused(expression), Some(word), "{expression}");
        }
        let why = |expression| check(expression, &mut Table { modern: true }).unwrap_err().why;
        assert!(why("host pacs").contains("write the address"));
        assert_eq!(why("HOST 10.0.0.1"), UPPER_CASE);
        assert_eq!(why("port hl7"), "is not known");
    }

    #[test]
    fn a_word_that_an_older_libpcap_does_not_have_is_a_name() {
        for (expression, word) in
            [("host 10.0.0.1 or vxlan", "vxlan"), ("src geneve", "geneve"), ("host icmp6-echo", "icmp6-echo")]
        {
            assert_eq!(refused(expression), None);
            assert_eq!(check(expression, &mut Table { modern: false }).unwrap_err().word, word);
        }
    }
}
