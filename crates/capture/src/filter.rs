//! BPF filters in pcap-filter(7) syntax, as tcpdump applies them.
//!
//! libpcap compiles an expression for one link type at a time, so a [`Filter`] keeps one program for each link type it
//! has met, made when it is met. `len`, `greater` and `less` look at the length on the wire, not at what was captured.
//!
//! A link type for which the expression does not compile (`wlan type mgt` on Ethernet; a link type libpcap does not know)
//! lets nothing pass; [`Filter::refusals`] says which and why, once each. An expression that compiles for none of the
//! usual link types is an error at once.
//!
//! Limits: host names in an expression are looked up by libpcap while it compiles; give addresses where nothing may be
//! sent. libpcap makes programs for frames of at most 65,535 bytes from here; longer ones match as well.

#[cfg(feature = "pcap")]
pub use with_libpcap::Filter;
#[cfg(not(feature = "pcap"))]
pub use without_libpcap::Filter;

#[cfg(feature = "pcap")]
mod with_libpcap {
    use pcap::{Capture, Linktype};
    use wardtap_net::packet::LinkType;

    use crate::{
        bpf::{Instruction, Program},
        error::CaptureError,
    };

    /// An expression must compile for one of these, the likeliest first: Ethernet, Linux cooked, raw IP, loopback, and
    /// 802.11 with radiotap.
    const USUAL: [LinkType; 5] =
        [LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::RAW, LinkType::NULL, LinkType(127)];
    /// The most link types kept; those beyond let nothing pass.
    const MOST_LINKS: usize = 64;

    /// A compiled filter expression.
    #[derive(Debug)]
    pub struct Filter {
        expression: String,
        /// By link type; the error where it does not compile.
        programs: Vec<(LinkType, Result<Program, String>)>,
        /// The program used last: most captures have one link type.
        last: usize,
    }

    impl Filter {
        /// Compiles an expression.
        ///
        /// # Errors
        /// When it compiles for none of the usual link types: what libpcap says of it for Ethernet.
        pub fn compile(expression: &str) -> Result<Self, CaptureError> {
            let mut filter = Self { expression: expression.to_owned(), programs: Vec::new(), last: 0 };
            let mut first = None;
            for link in USUAL {
                match compile(expression, link) {
                    Ok(program) => {
                        filter.programs.push((link, Ok(program)));
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
            if self.programs.get(self.last).is_none_or(|(of, _)| *of != link) {
                self.last = self.find(link);
            }
            match self.programs.get(self.last) {
                Some((of, Ok(program))) if *of == link => program.passes(bytes, sent),
                _ => false,
            }
        }

        /// The link types met for which the expression does not compile, so that nothing of them passed, and why.
        pub fn refusals(&self) -> impl Iterator<Item = (LinkType, &str)> {
            self.programs.iter().filter_map(|(link, made)| Some((*link, made.as_ref().err()?.as_str())))
        }

        /// The place of a link type's program, which is made where it is missing.
        fn find(&mut self, link: LinkType) -> usize {
            if let Some(place) = self.programs.iter().position(|(of, _)| *of == link) {
                return place;
            }
            if self.programs.len() < MOST_LINKS {
                self.programs.push((link, compile(&self.expression, link)));
            }
            self.programs.len().saturating_sub(1)
        }
    }

    /// The program of an expression for a link type, or what libpcap says against it.
    fn compile(expression: &str, link: LinkType) -> Result<Program, String> {
        let said = |error: pcap::Error| match error {
            pcap::Error::PcapError(text) => text,
            other => other.to_string(),
        };
        let program =
            Capture::dead(Linktype(dlt(link))).and_then(|dead| dead.compile(expression, true)).map_err(said)?;
        // The fields are private; their rendering is not.
        let instructions: Option<Vec<Instruction>> =
            program.get_instructions().iter().map(|one| Instruction::parse(&one.to_string())).collect();
        instructions
            .and_then(|instructions| Program::new(&instructions))
            .ok_or_else(|| "libpcap made a program that cannot be run here".to_owned())
    }

    /// The DLT_ value by which libpcap on Linux knows a LINKTYPE_ value of a file. They differ where the BSDs had
    /// numbered a type in two ways before the files were standardised.
    fn dlt(link: LinkType) -> i32 {
        i32::from(match link.0 {
            // Raw IP, of which OpenBSD's number means nothing on Linux.
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
