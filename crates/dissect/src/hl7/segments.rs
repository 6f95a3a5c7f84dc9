//! Names that the standard defines: segments, message codes. The closed sets behind the fence.
//!
//! A name is three bytes (2.5.1 clause 2.5.2: a segment is identified by a three-character literal), packed into the
//! low 24 bits of a `u32` so that comparing is one instruction.

/// A three-byte name, packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(u32);

impl Name {
    pub(super) const MSH: Self = Self::of(*b"MSH");
    pub(super) const MSA: Self = Self::of(*b"MSA");
    pub(super) const OBR: Self = Self::of(*b"OBR");
    pub(super) const OBX: Self = Self::of(*b"OBX");
    pub(super) const ORC: Self = Self::of(*b"ORC");
    pub(super) const SPM: Self = Self::of(*b"SPM");
    pub(super) const PRT: Self = Self::of(*b"PRT");
    pub(super) const ACK: Self = Self::of(*b"ACK");
    /// Batch and file headers and trailers (2.5.1 clause 2.10.3).
    pub(super) const FHS: Self = Self::of(*b"FHS");
    pub(super) const BHS: Self = Self::of(*b"BHS");
    pub(super) const BTS: Self = Self::of(*b"BTS");
    pub(super) const FTS: Self = Self::of(*b"FTS");

    pub(super) const fn of(bytes: [u8; 3]) -> Self {
        let [a, b, c] = bytes;
        Self(u32::from_be_bytes([0, a, b, c]))
    }

    /// Of the first three bytes.
    #[inline]
    pub(super) fn first_of(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk::<3>().map(|name| Self::of(*name))
    }

    /// A site's own name: `Z` and two upper-case letters or digits (2.5.1 clause 2.11).
    pub(super) const fn is_local(self) -> bool {
        let [_, first, second, third] = self.0.to_be_bytes();
        first == b'Z'
            && (second.is_ascii_uppercase() || second.is_ascii_digit())
            && (third.is_ascii_uppercase() || third.is_ascii_digit())
    }

    /// A segment of any version of the standard, or a site's own.
    pub(super) fn is_segment(self) -> bool {
        self.is_local() || SEGMENTS.contains(self)
    }

    /// A message code of HL7 table 0076, or a site's own.
    pub(super) fn is_message_code(self) -> bool {
        self.is_local() || MESSAGE_CODES.contains(self)
    }

    /// A trigger event: a letter and two digits, as nearly all of HL7 table 0003, another one of that table, or a site's
    /// own.
    pub(super) fn is_trigger(self) -> bool {
        let [_, first, second, third] = self.0.to_be_bytes();
        (first.is_ascii_uppercase() && second.is_ascii_digit() && third.is_ascii_digit())
            || self.is_local()
            || TRIGGERS.contains(self)
    }

    /// Appends the name; only names of the vocabulary are ever written.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let [_, name @ ..] = self.0.to_be_bytes();
        out.extend_from_slice(&name);
    }
}

/// The message codes that are metric labels of their own, the commonest first; the last one stands for all others.
pub(super) const KINDS: [&str; 45] = [
    "ORU", "ACK", "ADT", "ORM", "OML", "ORL", "ORR", "SIU", "MDM", "DFT", "BAR", "MFN", "MFK", "QBP", "RSP", "QRY",
    "ADR", "DSR", "ORF", "OSQ", "OSR", "OUL", "OMG", "OMP", "OMI", "OMD", "OMS", "OMN", "OMB", "ORG", "RDE", "RRE",
    "RDS", "RAS", "RGV", "REF", "RRI", "RQI", "SRM", "SRR", "VXU", "EAC", "EAR", "SSU", "other",
];

/// The place of `code` in [`KINDS`].
pub(super) fn kind(code: Option<Name>) -> usize {
    let other = KINDS.len().saturating_sub(1);
    let Some(code) = code else { return other };
    KINDS
        .iter()
        .position(|kind| Name::first_of(kind.as_bytes()) == Some(code))
        .filter(|&at| at < other)
        .unwrap_or(other)
}

/// The most different segment names counted apart in one message; more are counted as "other". The largest message
/// structures of the standard have about 30.
const NAMES_MAX: usize = 32;

/// How often each segment occurred in a message, in the order of first occurrence.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    names: [(Name, u32); NAMES_MAX],
    used: usize,
    last: usize,
    other: u32,
}

impl Counts {
    /// Forgets all.
    pub(super) const fn clear(&mut self) {
        self.used = 0;
        self.last = 0;
        self.other = 0;
    }

    /// Counts one segment; `false` when its name is none of the standard's.
    #[inline]
    pub(super) fn add(&mut self, name: Name) -> bool {
        // Segments repeat (OBX after OBX): the last name first.
        if self.last < self.used
            && let Some((known, count)) = self.names.get_mut(self.last)
            && *known == name
        {
            *count = count.saturating_add(1);
            return true;
        }
        self.add_slow(name)
    }

    /// Counts one more segment of the name before, if it is: OBX follows OBX. Another header is no segment of this message.
    #[inline]
    pub(super) fn repeats(&mut self, name: [u8; 3]) -> bool {
        match self.names.get_mut(self.last) {
            Some((known, count)) if self.last < self.used && *known == Name::of(name) && *known != Name::MSH => {
                *count = count.saturating_add(1);
                true
            }
            _ => false,
        }
    }

    fn add_slow(&mut self, name: Name) -> bool {
        let used = self.names.get_mut(..self.used).unwrap_or_default();
        if let Some(at) = used.iter().position(|(known, _)| *known == name) {
            if let Some((_, count)) = used.get_mut(at) {
                *count = count.saturating_add(1);
            }
            self.last = at;
            return true;
        }
        if !name.is_segment() {
            self.add_other();
            return false;
        }
        match self.names.get_mut(self.used) {
            Some(free) => {
                *free = (name, 1);
                self.last = self.used;
                self.used = self.used.saturating_add(1);
            }
            None => self.add_other(),
        }
        true
    }

    /// Counts a line that does not begin with a name.
    pub(super) const fn add_other(&mut self) {
        self.other = self.other.saturating_add(1);
    }

    /// True where a segment occurred that satisfies `wanted`.
    pub(super) fn any(&self, wanted: impl Fn(Name) -> bool) -> bool {
        self.iter().any(|(name, _)| wanted(name))
    }

    /// True where no other segments occurred than those of a general acknowledgement (2.5.1 clause 2.14.1).
    pub(super) fn only_acknowledges(&self) -> bool {
        const GENERAL: [Name; 5] = [Name::MSH, Name::MSA, Name::of(*b"ERR"), Name::of(*b"SFT"), Name::of(*b"UAC")];
        self.other == 0 && self.iter().all(|(name, _)| GENERAL.contains(&name))
    }

    /// Appends `{"MSH":1,...}`.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut comma = false;
        for (name, count) in self.iter() {
            if comma {
                out.push(b',');
            }
            comma = true;
            out.push(b'"');
            name.write(out);
            out.extend_from_slice(b"\":");
            crate::json::number(out, u64::from(count));
        }
        if self.other > 0 {
            if comma {
                out.push(b',');
            }
            out.extend_from_slice(b"\"other\":");
            crate::json::number(out, u64::from(self.other));
        }
        out.push(b'}');
    }

    fn iter(&self) -> impl Iterator<Item = (Name, u32)> {
        self.names.iter().take(self.used).copied()
    }
}

/// A set of names as one bit each: a look-up costs the same whatever the name, where a search would cost more than all
/// else that is done for a segment.
struct Names([u64; WORDS]);

/// A letter, and two letters or digits: 26 * 36 * 36 bits.
const WORDS: usize = (26 * 36 * 36) / 64 + 1;

impl Names {
    /// From names of three characters with a space between them.
    const fn of(text: &str) -> Self {
        let mut set = [0; WORDS];
        let mut rest = text.as_bytes();
        while let Some((&name, after)) = rest.split_first_chunk::<3>() {
            if let Some((word, bit)) = Self::place(Name::of(name)) {
                let (_, words) = set.split_at_mut(word);
                if let [word, ..] = words {
                    *word |= bit;
                }
            }
            rest = match after {
                [_, after @ ..] => after,
                [] => &[],
            };
        }
        Self(set)
    }

    #[inline]
    fn contains(&self, name: Name) -> bool {
        Self::place(name).is_some_and(|(word, bit)| self.0.get(word).is_some_and(|word| word & bit != 0))
    }

    /// Bounded by [`WORDS`]: nothing overflows.
    #[allow(clippy::arithmetic_side_effects)]
    const fn place(name: Name) -> Option<(usize, u64)> {
        let [_, first, second, third] = name.0.to_be_bytes();
        if !first.is_ascii_uppercase() {
            return None;
        }
        let (Some(second), Some(third)) = (Self::digit(second), Self::digit(third)) else { return None };
        let number = ((first - b'A') as usize * 36 + second) * 36 + third;
        Some((number / 64, 1 << (number % 64)))
    }

    #[allow(clippy::arithmetic_side_effects)]
    const fn digit(byte: u8) -> Option<usize> {
        match byte {
            b'A'..=b'Z' => Some((byte - b'A') as usize),
            b'0'..=b'9' => Some((byte - b'0') as usize + 26),
            _ => None,
        }
    }
}

// `captures/peers/hl7_vocabulary.py` compares these with tables that others made of the standard.

/// Every segment of versions 2.1 to 2.9.1 (appendix A.5 of each), withdrawn ones too.
static SEGMENTS: Names = Names::of(
    "ABS ACC ADD ADJ AFF AIG AIL AIP AIS AL1 APR ARQ ARV AUT BHS BLC BLG BPO BPX BTS BTX BUI CDM CDO CER CM0 CM1 CM2 \
     CNS CON CSP CSR CSS CTD CTI CTR DB1 DEV DG1 DMI DON DPS DRG DSC DSP DST ECD ECR EDU EQL EQP EQU ERQ ERR EVN FAC \
     FHS FT1 FTS GOL GP1 GP2 GSC GSP GSR GT1 IAM IAR IIM ILT IN1 IN2 IN3 INV IPC IPR ISD ITM IVC IVT LAN LCC LCH LDP \
     LOC LRL MCP MFA MFE MFI MRG MSA MSH NCK NDS NK1 NPU NSC NST NTE OBR OBX ODS ODT OH1 OH2 OH3 OH4 OM1 OM2 OM3 OM4 \
     OM5 OM6 OM7 OMC ORC ORG ORO OVR PAC PCE PCR PD1 PDA PDC PEO PES PID PKG PM1 PMT PR1 PRA PRB PRC PRD PRT PSG PSH \
     PSL PSS PTH PV1 PV2 PYE QAK QID QPD QRD QRF QRI RCP RDF RDT REL RF1 RFI RGS RMI ROL RQ1 RQD RX1 RXA RXC RXD RXE \
     RXG RXO RXR RXV SAC SCD SCH SCP SDD SFT SGH SGT SHP SID SLT SPM SPR STF STZ TCC TCD TQ1 TQ2 TXA UAC UB1 UB2 URD \
     URS VAR VND VTQ",
);

/// Every message code of versions 2.1 to 2.9.1 (HL7 table 0076, and what message structures begin with), withdrawn ones
/// too.
static MESSAGE_CODES: Names = Names::of(
    "ACK ADR ADT ARD BAR BPS BRP BRT BTS CCF CCI CCM CCQ CCR CCU CNQ CQU CRM CSU DBC DBU DEL DEO DER DFT DOC DPR DRC \
     DRG DSR EAC EAN EAR EDR EHC EQQ ERP ERQ ESR ESU INR INU LSR LSU MCF MDM MFD MFK MFN MFQ MFR NMD NMQ NMR OMB OMD \
     OMG OMI OML OMN OMP OMQ OMS OPL OPR OPU ORA ORB ORD ORF ORG ORI ORL ORM ORN ORP ORR ORS ORU ORX OSM OSQ OSR OSU \
     OUL PEX PGL PIN PMU PPG PPP PPR PPT PPV PRR PTR QBP QCK QCN QRY QSB QSX QVR RAR RAS RCI RCL RCV RDE RDO RDR RDS \
     RDY REF RER RGR RGV ROC ROD ROR RPA RPI RPL RPR RQA RQC RQI RQP RQQ RRA RRD RRE RRG RRI RRO RSP RTB SCN SDN SDR \
     SET SIU SLN SLR SMD SPQ SQM SQR SRM SRR SSR SSU STC STI SUR TBR TCR TCU UDM VQQ VXQ VXR VXU VXX",
);

/// The trigger events of HL7 table 0003 that are not a letter and two digits: problems and goals (chapter 12), a
/// cancelled query, and queries for pharmacy information.
static TRIGGERS: Names = Names::of(
    "CNQ PC1 PC2 PC3 PC4 PC5 PC6 PC7 PC8 PC9 PCA PCB PCC PCD PCE PCF PCG PCH PCJ PCK PCL RAR RDR RER RGR ROR",
);
