//! Associations: what A-ASSOCIATE-RQ and -AC say (DICOM PS3.8 9.3.2 and 9.3.3, PS3.7 annex D.3), and what is kept.
//!
//! A user identity is never kept: that there is one, and of which type, is all that is said of it.

use wardtap_net::packet::Timestamp;
use wardtap_net::reader::{Reader, be32_at};
use wardtap_net::stream::Side;

use super::content::Encoding;
use super::wire::{ASSOCIATE_FIXED, Items, Text, ae_title, item, uid, version_name};
use super::{Anomaly, names};
use crate::fingerprint::Fingerprint;
use crate::json::{self, Object};
use crate::pending::Pending;
use crate::public::{Public, UNREADABLE};

/// The most presentation contexts: ids are odd and fit an octet (PS3.8 9.3.2.2).
pub(super) const CONTEXTS_MAX: usize = 128;
/// The most transfer syntaxes shown of one context; DICOM has registered some sixty.
const TRANSFER_SYNTAXES_MAX: usize = 64;
/// The most roles shown, one for each SOP class that could be negotiated.
const ROLES_MAX: usize = CONTEXTS_MAX;

/// A view of an A-ASSOCIATE-RQ or -AC behind its PDU header, and what a walk over its items gathered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Associate<'a> {
    /// Called AE title; of an acceptance an echo that its sender may have left out (PS3.8 table 9-17).
    pub(super) called: Public<'a>,
    /// Calling AE title, likewise.
    pub(super) calling: Public<'a>,
    items: Items<'a>,
    user_items: Items<'a>,
    application_context: Option<Public<'a>>,
    /// Which program speaks (PS3.7 annex D.3.3.2).
    pub(super) implementation_class: Option<Public<'a>>,
    implementation_version: Option<Public<'a>>,
    max_pdu: Option<u32>,
    asynchronous: Option<(u16, u16)>,
    extended_negotiations: u64,
    user_identity: Option<u8>,
    contexts: usize,
    /// What is wrong with it.
    pub(super) anomaly: Option<Anomaly>,
}

impl<'a> Associate<'a> {
    /// Reads `body`, of which `cut` says that more should be there; `None` where even the fixed fields are missing.
    pub(super) fn read(body: &'a [u8], cut: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        reader.skip(4)?;
        let (called, calling) = (reader.take(16)?, reader.take(16)?);
        let items = Items::new(body.get(ASSOCIATE_FIXED..)?);
        let mut seen = Self {
            called: ae_title(called),
            calling: ae_title(calling),
            items,
            user_items: Items::new(&[]),
            application_context: None,
            implementation_class: None,
            implementation_version: None,
            max_pdu: None,
            asynchronous: None,
            extended_negotiations: 0,
            user_identity: None,
            contexts: 0,
            anomaly: None,
        };
        seen.walk();
        // The first item tells an association from bytes that merely start like one; without it, no name goes out.
        if !matches!(items.clone().next(), Some((item::APPLICATION_CONTEXT, _)))
            || seen.application_context.is_none_or(Public::is_unreadable)
        {
            seen.called = Public::word(UNREADABLE);
            seen.calling = Public::word(UNREADABLE);
            seen.implementation_version = None;
            seen.anomaly = seen.anomaly.or((!cut).then_some(Anomaly::AssociationItems));
        } else if cut {
            seen.anomaly = None;
        }
        Some(seen)
    }

    fn walk(&mut self) {
        let mut items = self.items;
        for (kind, value) in items.by_ref() {
            match kind {
                item::APPLICATION_CONTEXT => self.application_context = uid(value),
                item::PROPOSED_CONTEXT | item::ANSWERED_CONTEXT => self.contexts = self.contexts.saturating_add(1),
                item::USER_INFORMATION => {
                    self.user_items = Items::new(value);
                    self.user_information();
                }
                // Items that are not known are passed over (PS3.8 9.3.1, annex D.1).
                _ => {}
            }
        }
        if items.leftover() {
            self.anomaly = Some(Anomaly::AssociationItems);
        } else if self.contexts > CONTEXTS_MAX {
            self.anomaly = Some(Anomaly::TooManyContexts);
        }
    }

    fn user_information(&mut self) {
        let mut items = self.user_items;
        for (kind, value) in items.by_ref() {
            match kind {
                item::MAXIMUM_LENGTH => self.max_pdu = be32_at(value, 0),
                item::IMPLEMENTATION_CLASS => self.implementation_class = uid(value),
                item::IMPLEMENTATION_VERSION => self.implementation_version = Some(version_name(value)),
                item::ASYNCHRONOUS_OPERATIONS => {
                    let mut reader = Reader::new(value);
                    self.asynchronous = reader.be16().zip(reader.be16());
                }
                item::EXTENDED_NEGOTIATION | item::COMMON_EXTENDED_NEGOTIATION => {
                    self.extended_negotiations = self.extended_negotiations.saturating_add(1);
                }
                // Only its first octet, the type (PS3.7 D.3.3.7.1); then come names, passcodes, tickets, tokens.
                item::USER_IDENTITY => self.user_identity = value.first().copied(),
                _ => {}
            }
        }
        if items.leftover() {
            self.anomaly = Some(Anomaly::AssociationItems);
        }
    }

    /// The presentation contexts, proposed or answered.
    pub(super) fn contexts(&self) -> impl Iterator<Item = ContextItem<'a>> + use<'a> {
        self.items.filter_map(|(kind, value)| ContextItem::read(kind, value)).take(CONTEXTS_MAX)
    }

    /// Whether it is an answer that refuses all presentation contexts (PS3.8 9.3.3.2): there is an association, and nothing
    /// can be done with it.
    pub(super) fn accepts_nothing(&self) -> bool {
        let mut results = self.contexts().map(|context| context.result).peekable();
        results.peek().is_some() && results.all(|result| result.is_some_and(|result| result != 0))
    }

    /// SCP/SCU role selections (PS3.7 D.3.3.4): SOP class, SCU role, SCP role.
    fn roles(&self) -> impl Iterator<Item = (Public<'a>, u8, u8)> + use<'a> {
        let role = |value: &'a [u8]| {
            let mut reader = Reader::new(value);
            let length = reader.be16()?;
            Some((uid(reader.take(usize::from(length))?)?, reader.u8()?, reader.u8()?))
        };
        self.user_items
            .filter(|(kind, _)| *kind == item::ROLE_SELECTION)
            .filter_map(move |(_, value)| role(value))
            .take(ROLES_MAX)
    }

    /// Writes what the association PDU says, its AE titles excepted.
    pub(super) fn write_json(&self, object: &mut Object<'_>, association: Option<&Association>) {
        for (name, value) in [
            ("application_context", self.application_context),
            ("implementation_class_uid", self.implementation_class),
            ("implementation_version", self.implementation_version),
        ] {
            if let Some(value) = value {
                object.text(name, value);
            }
        }
        object.optional_number("max_pdu", self.max_pdu.map(u64::from));
        json::array(object.key("presentation_contexts"), self.contexts(), |out, context| {
            context.write_json(out, association);
        });
        if self.roles().next().is_some() {
            json::array(object.key("roles"), self.roles(), |out, (sop_class, scu, scp)| {
                let mut role = Object::begin(out);
                role.text("sop_class_uid", sop_class);
                role.boolean("scu", scu != 0);
                role.boolean("scp", scp != 0);
                role.end();
            });
        }
        if let Some((invoked, performed)) = self.asynchronous {
            let mut operations = Object::begin(object.key("asynchronous_operations"));
            operations.number("invoked", u64::from(invoked));
            operations.number("performed", u64::from(performed));
            operations.end();
        }
        if self.extended_negotiations > 0 {
            object.number("extended_negotiations", self.extended_negotiations);
        }
        if let Some(kind) = self.user_identity {
            object.word("user_identity", names::user_identity(kind));
        }
    }
}

/// A presentation context as an association PDU holds it (PS3.8 9.3.2.2 and 9.3.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct ContextItem<'a> {
    id: u8,
    /// Of an answer: 0 is acceptance.
    result: Option<u8>,
    syntaxes: Items<'a>,
}

impl<'a> ContextItem<'a> {
    fn read(kind: u8, value: &'a [u8]) -> Option<Self> {
        let &[id, _, result, _, ref syntaxes @ ..] = value else { return None };
        let result = match kind {
            item::PROPOSED_CONTEXT => None,
            item::ANSWERED_CONTEXT => Some(result),
            _ => return None,
        };
        Some(Self { id, result, syntaxes: Items::new(syntaxes) })
    }

    fn of_kind(self, wanted: u8) -> impl Iterator<Item = Public<'a>> {
        self.syntaxes.filter(move |(kind, _)| *kind == wanted).filter_map(|(_, value)| uid(value))
    }

    /// None of a refused context: what stands there has no meaning (PS3.8 9.3.3.2).
    fn transfer_syntaxes(self) -> impl Iterator<Item = Public<'a>> {
        let shown = if self.result.unwrap_or(0) == 0 { TRANSFER_SYNTAXES_MAX } else { 0 };
        self.of_kind(item::TRANSFER_SYNTAX).take(shown)
    }

    fn write_json(self, out: &mut Vec<u8>, association: Option<&Association>) {
        let mut object = Object::begin(out);
        object.number("id", u64::from(self.id));
        let known = association.and_then(|association| association.abstract_syntax(self.id));
        if let Some(syntax) = self.of_kind(item::ABSTRACT_SYNTAX).next().or(known) {
            object.text("abstract_syntax", syntax);
        }
        json::array(object.key("transfer_syntaxes"), self.transfer_syntaxes(), |out, syntax| {
            json::string(out, syntax.as_str());
        });
        if let Some(result) = self.result {
            object.number("result", u64::from(result));
            object.word("result_name", names::context_result(result));
        }
        object.end();
    }
}

/// A request that waits for its response.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) message_id: u16,
    pub(super) operation: u16,
    /// When it was complete; unknown where its end is missing.
    pub(super) time: Option<Timestamp>,
    /// The losses of its direction when it came: after a further one another request may have had its number.
    pub(super) losses: u8,
    /// The object that is to be stored.
    pub(super) fingerprint: Option<Fingerprint>,
}

/// What is kept of an association while its flow lives.
#[derive(Debug, Default)]
pub(super) struct Association {
    calling: Option<Text<16>>,
    called: Option<Text<16>>,
    contexts: Vec<Context>,
    /// The UIDs of all contexts, one behind the other: at most 128 octets for each of 128.
    texts: Vec<u8>,
    /// Who sent A-ASSOCIATE-RQ, and when, until it is answered.
    pub(super) associate_asked: Option<(Side, Timestamp)>,
    /// Who sent A-RELEASE-RQ, and when, until it is answered.
    pub(super) release_asked: Option<(Side, Timestamp)>,
    /// The DIMSE requests of each end.
    pub(super) pending: [Pending<Asked>; 2],
}

/// One presentation context; its UIDs are ranges (start, length) of the association's texts.
#[derive(Clone, Copy, Debug)]
struct Context {
    id: u8,
    abstract_syntax: (u16, u8),
    transfer_syntax: (u16, u8),
}

impl Association {
    /// The association that `seen` asks for.
    pub(super) fn requested(seen: &Associate<'_>) -> Self {
        let mut association =
            Self { calling: Some(Text::of(seen.calling)), called: Some(Text::of(seen.called)), ..Self::default() };
        for item in seen.contexts() {
            let abstract_syntax = item.of_kind(item::ABSTRACT_SYNTAX).next();
            let mut proposed = item.transfer_syntaxes();
            // A single proposal is what will be used, should the answer not be seen.
            let transfer_syntax = proposed.next().filter(|_| proposed.next().is_none());
            association.add(item.id, abstract_syntax, transfer_syntax);
        }
        association
    }

    /// Takes over what the acceptance `seen` says.
    pub(super) fn accepted(&mut self, seen: &Associate<'_>) {
        self.calling.get_or_insert_with(|| Text::of(seen.calling));
        self.called.get_or_insert_with(|| Text::of(seen.called));
        for item in seen.contexts() {
            let transfer_syntax = item.transfer_syntaxes().next();
            match self.contexts.iter().position(|context| context.id == item.id) {
                None => self.add(item.id, None, transfer_syntax),
                // Kept once: an acceptance that is sent again and again must not use the room up.
                Some(_) if self.transfer_syntax(item.id) == transfer_syntax => {}
                Some(position) => {
                    let kept = self.keep(transfer_syntax);
                    if let Some(context) = self.contexts.get_mut(position) {
                        context.transfer_syntax = kept;
                    }
                }
            }
        }
        self.texts.shrink_to_fit();
    }

    fn add(&mut self, id: u8, abstract_syntax: Option<Public<'_>>, transfer_syntax: Option<Public<'_>>) {
        if self.contexts.len() < CONTEXTS_MAX {
            let context = Context {
                id,
                abstract_syntax: self.keep(abstract_syntax),
                transfer_syntax: self.keep(transfer_syntax),
            };
            self.contexts.push(context);
        }
    }

    /// Keeps a UID; an empty range where there is none or no room (an acceptance that is sent again and again).
    fn keep(&mut self, text: Option<Public<'_>>) -> (u16, u8) {
        const TEXTS_MAX: usize = 3 * 64 * CONTEXTS_MAX;
        let text = text.map_or("", Public::as_str).as_bytes();
        let start = self.texts.len();
        match (u16::try_from(start), u8::try_from(text.len())) {
            (Ok(at), Ok(length)) if start.saturating_add(text.len()) <= TEXTS_MAX => {
                self.texts.extend_from_slice(text);
                (at, length)
            }
            _ => (0, 0),
        }
    }

    fn text(&self, (start, length): (u16, u8)) -> Option<Public<'_>> {
        let start = usize::from(start);
        uid(self.texts.get(start..start.saturating_add(usize::from(length)))?)
    }

    fn context(&self, id: u8) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// Calling AE title.
    pub(super) fn calling(&self) -> Option<Public<'_>> {
        self.calling.as_ref().map(Text::public)
    }

    /// Called AE title.
    pub(super) fn called(&self) -> Option<Public<'_>> {
        self.called.as_ref().map(Text::public)
    }

    /// What a context is for.
    pub(super) fn abstract_syntax(&self, id: u8) -> Option<Public<'_>> {
        self.text(self.context(id)?.abstract_syntax)
    }

    /// How a context's data sets are encoded, where it is known.
    pub(super) fn transfer_syntax(&self, id: u8) -> Option<Public<'_>> {
        self.text(self.context(id)?.transfer_syntax)
    }

    /// The same, as far as element headers depend on it.
    pub(super) fn encoding(&self, id: u8) -> Option<Encoding> {
        self.transfer_syntax(id).map(|syntax| Encoding::of(syntax.as_str().as_bytes()))
    }

    /// Memory beyond the structure itself.
    pub(super) fn held_bytes(&self) -> usize {
        let contexts = self.contexts.capacity().saturating_mul(size_of::<Context>());
        let pending: usize = self.pending.iter().map(Pending::held_bytes).sum();
        self.texts.capacity().saturating_add(contexts).saturating_add(pending)
    }
}
