//! BPF filters in pcap-filter(7) syntax, as tcpdump applies them.
//!
//! libpcap compiles an expression for one link type at a time, so a [`Filter`] keeps one program for each link type it
//! has met, made when it is met. For BSD loopback (0) and OpenBSD's encapsulation (109), whose headers have the byte order
//! of the host that captured them, there are two, and each frame says by its first octets which it wants. `len`,
//! `greater` and `less` look at the length on the wire, not at what was captured.
//!
//! A link type for which the expression does not compile (`wlan type mgt` on Ethernet; a link type libpcap does not know)
//! lets nothing pass; [`Filter::refusals`] says which and why, once each. An expression that compiles for none of the
//! usual link types is an error at once.
//!
//! libpcap would look up names of hosts, networks and Ethernet addresses while it compiles. An expression with such a
//! name is refused before libpcap sees it: see [`lookups`].

#[cfg(feature = "pcap")]
mod local_names;
#[cfg(feature = "pcap")]
mod lookups;

#[cfg(feature = "pcap")]
pub use with_libpcap::Filter;
#[cfg(not(feature = "pcap"))]
pub use without_libpcap::Filter;

#[cfg(feature = "pcap")]
mod with_libpcap {
    use std::{io::Write, os::fd::AsRawFd};

    use pcap::{Capture, Linktype};
    use wardtap_net::packet::LinkType;

    use super::local_names;
    use super::lookups::{self, Known, Place};
    use crate::{
        bpf::{Instruction, Program},
        error::CaptureError,
    };

    /// An expression must compile for one of these, the likeliest first: Ethernet, Linux cooked, raw IP, loopback, and
    /// 802.11 with radiotap.
    const USUAL: [LinkType; 5] =
        [LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::RAW, LinkType::NULL, LinkType(127)];
    /// The most programs kept; link types beyond them let nothing pass.
    const MOST_PROGRAMS: usize = 64;
    /// The most instructions that the kernel takes (`BPF_MAXINSNS`).
    const KERNEL_INSTRUCTIONS_MAX: usize = 4096;

    /// What a program is made for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Kind {
        link: LinkType,
        /// The capturing host is big-endian. Always false where that does not matter.
        big_endian: bool,
    }

    impl Kind {
        /// Of a frame.
        fn of(link: LinkType, bytes: &[u8]) -> Self {
            // An address family fits into one octet: it is the last one of four only on big-endian hosts.
            let big_endian = matches!(link.0, 0 | 109) && matches!(bytes, [0, 0, 0, _, ..]);
            Self { link, big_endian }
        }
    }

    /// A compiled filter expression.
    #[derive(Debug)]
    pub struct Filter {
        expression: String,
        /// By link type and byte order; the error where it does not compile.
        programs: Vec<(Kind, Result<Program, String>)>,
        /// The program used last: most captures have one link type.
        last: usize,
    }

    impl Filter {
        /// Compiles an expression.
        ///
        /// # Errors
        /// When it holds a name that would have to be looked up, or compiles for none of the usual link types: what
        /// libpcap says of it for Ethernet.
        pub fn compile(expression: &str) -> Result<Self, CaptureError> {
            lookups::check(expression, &mut ThisMachine).map_err(|refused| CaptureError::FilterWord {
                expression: expression.to_owned(),
                word: refused.word.to_owned(),
                why: refused.why,
            })?;
            let mut filter = Self { expression: expression.to_owned(), programs: Vec::new(), last: 0 };
            let mut first = None;
            for link in USUAL {
                let kind = Kind { link, big_endian: false };
                match compile(expression, kind) {
                    Ok(program) => {
                        filter.programs.push((kind, Ok(program)));
                        return Ok(filter);
                    }
                    Err(what) => first = first.or(Some(what)),
                }
            }
            let what = first.unwrap_or_default();
            Err(CaptureError::Filter { expression: expression.to_owned(), what })
        }

        /// Whether a frame passes: `bytes` are what was captured of `sent` on the wire.
        pub fn matches(&mut self, link: LinkType, bytes: &[u8], sent: u32) -> bool {
            let kind = Kind::of(link, bytes);
            if self.programs.get(self.last).is_none_or(|(of, _)| *of != kind) {
                self.last = self.find(kind);
            }
            match self.programs.get(self.last) {
                Some((of, Ok(program))) if *of == kind => program.passes(bytes, sent),
                _ => false,
            }
        }

        /// As it was given.
        #[must_use]
        pub fn expression(&self) -> &str {
            &self.expression
        }

        /// The program for the kernel, to be applied to frames of a link type as it has them: without VLAN tags.
        pub(crate) fn for_kernel(&self, link: LinkType) -> Result<Vec<libc::sock_filter>, CaptureError> {
            let refused =
                |what: &str| CaptureError::Filter { expression: self.expression.clone(), what: what.to_owned() };
            if self.expression.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "vlan") {
                return Err(refused(
                    "the kernel has taken VLAN tags out before it filters, so that \"vlan\" would match nothing: leave --kernel-filter out, or the word",
                ));
            }
            let made =
                instructions(&self.expression, Kind { link, big_endian: false }).map_err(|what| refused(&what))?;
            if made.len() > KERNEL_INSTRUCTIONS_MAX {
                return Err(refused("it is too long for the kernel: shorten it, or leave --kernel-filter out"));
            }
            Ok(made.into_iter().map(Instruction::for_kernel).collect())
        }

        /// The link types met for which the expression does not compile, so that nothing of them passed, and why.
        pub fn refusals(&self) -> impl Iterator<Item = (LinkType, &str)> {
            let both = |link| self.programs.iter().filter(move |(kind, _)| kind.link == link).count() > 1;
            self.programs.iter().filter_map(move |(kind, made)| {
                let what = made.as_ref().err()?;
                (!(kind.big_endian && both(kind.link))).then_some((kind.link, what.as_str()))
            })
        }

        /// The place of a program, which is made where it is missing.
        fn find(&mut self, kind: Kind) -> usize {
            if let Some(place) = self.programs.iter().position(|(of, _)| *of == kind) {
                return place;
            }
            if self.programs.len() < MOST_PROGRAMS {
                self.programs.push((kind, compile(&self.expression, kind)));
            }
            self.programs.len().saturating_sub(1)
        }
    }

    /// What this machine and its libpcap know.
    struct ThisMachine;

    impl Known for ThisMachine {
        fn objection(&mut self, place: Place, name: &str) -> Option<&'static str> {
            local_names::objection(place, name)
        }

        fn parses(&mut self, expression: &str) -> bool {
            let made = compile(expression, Kind { link: LinkType::ETHERNET, big_endian: false });
            made.err().is_none_or(|what| !what.contains("syntax error"))
        }
    }

    /// The program of an expression, or what libpcap says against it.
    fn compile(expression: &str, kind: Kind) -> Result<Program, String> {
        Program::new(&instructions(expression, kind)?).ok_or_else(|| UNFIT.to_owned())
    }

    const UNFIT: &str = "libpcap made a program that cannot be run here";

    /// The instructions of an expression, or what libpcap says against it.
    fn instructions(expression: &str, kind: Kind) -> Result<Vec<Instruction>, String> {
        let said = |error: pcap::Error| match error {
            pcap::Error::PcapError(text) => text,
            other => other.to_string(),
        };
        let program = match as_file(kind) {
            Some(file) => file.compile(expression, true),
            None => Capture::dead(Linktype(dlt(kind.link))).and_then(|dead| dead.compile(expression, true)),
        }
        .map_err(said)?;
        // The fields are private; their rendering is not.
        let instructions: Option<Vec<Instruction>> =
            program.get_instructions().iter().map(|one| Instruction::parse(&one.to_string())).collect();
        instructions.ok_or_else(|| UNFIT.to_owned())
    }

    /// A capture file without packets, as libpcap sees it, through a pipe.
    ///
    /// libpcap makes other programs for files than for the "dead" handles that are meant for compiling: only there it
    /// takes the address families of other systems and the other byte order for what they are. None where the system
    /// has no `/dev/fd`.
    fn as_file(kind: Kind) -> Option<Capture<pcap::Offline>> {
        // OpenBSD's number for raw IP means nothing to the libpcap of other systems.
        let link = if kind.link == LinkType::RAW_DLT_14 { LinkType::RAW } else { kind.link };
        let mut header = Vec::with_capacity(24);
        for word in [0xa1b2_c3d4, 0x0002_0004, 0, 0, 262_144, u32::from(link.0)] {
            header.extend_from_slice(&u32::to_be_bytes(word));
        }
        if !kind.big_endian {
            header.chunks_exact_mut(4).for_each(<[u8]>::reverse);
            // The version is two numbers of two octets.
            header.get_mut(4..8)?.rotate_left(2);
        }
        let (reader, mut writer) = std::io::pipe().ok()?;
        writer.write_all(&header).ok()?;
        // The writer must live until the header is read: nobody could open a pipe without one.
        let file = Capture::from_file(format!("/dev/fd/{}", reader.as_raw_fd())).ok();
        drop(writer);
        file
    }

    /// The DLT_ value by which libpcap on Linux knows a LINKTYPE_ value of a file. They differ where the BSDs had
    /// numbered a type in two ways before the files were standardised.
    fn dlt(link: LinkType) -> i32 {
        i32::from(match link.0 {
            14 | 101 => 12,
            // RFC 1483 ATM, BSD/OS SLIP and PPP, classical IP over ATM.
            100 => 11,
            102 => 15,
            103 => 16,
            106 => 19,
            same => same,
        })
    }
}

#[cfg(not(feature = "pcap"))]
mod without_libpcap {
    use std::convert::Infallible;

    use wardtap_net::packet::LinkType;

    use crate::error::CaptureError;

    /// A compiled filter expression; this build can make none.
    #[derive(Debug)]
    pub struct Filter(Infallible);

    impl Filter {
        /// Compiles an expression.
        ///
        /// # Errors
        /// Always: this build has no filters.
        pub fn compile(expression: &str) -> Result<Self, CaptureError> {
            Err(CaptureError::NoFilters { expression: expression.to_owned() })
        }

        /// As it was given.
        #[must_use]
        pub fn expression(&self) -> &str {
            match self.0 {}
        }

        /// The program for the kernel.
        pub(crate) fn for_kernel(&self, _link: LinkType) -> Result<Vec<libc::sock_filter>, CaptureError> {
            match self.0 {}
        }

        /// Whether a frame passes.
        pub fn matches(&mut self, _link: LinkType, _bytes: &[u8], _sent: u32) -> bool {
            match self.0 {}
        }

        /// The link types for which the expression does not compile.
        pub fn refusals(&self) -> impl Iterator<Item = (LinkType, &str)> {
            match self.0 {}
            #[allow(unreachable_code)]
            std::iter::empty()
        }
    }
}
