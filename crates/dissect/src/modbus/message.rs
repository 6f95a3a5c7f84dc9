//! A Modbus message as the rest of the program sees it: features and JSON, read from the bytes when asked for.

use wardtap_net::stream::Side;

use super::fields::Fields;
use super::parts::{Identification, exception_name, subfunction_name};
use super::wire::{Adu, IDENTIFICATION_MAX, public_object};
use super::{
    FEATURE_ADDRESS, FEATURE_EXCEPTION, FEATURE_FUNCTION, FEATURE_IDENTITY, FEATURE_QUANTITY, FEATURE_SUBFUNCTION,
};
use super::{FEATURE_UNIT, FEATURE_VALUE, KIND_EXCEPTION, KINDS, PROTOCOL, kind};
use crate::clues::{Clue, is_of_product};
use crate::json::{self, Object};
use crate::points::Points;
use crate::public::{Public, UNREADABLE};
use crate::{Direction, Envelope, FEATURES_MAX, Features, Message, MessageHandler, NO_VALUE, Outcome, Protocol};

/// The exception that is none: "accepted, but it takes long" (APS 7).
const EXCEPTION_ACKNOWLEDGE: u8 = 5;

/// One ADU.
pub(super) struct ModbusMessage<'a> {
    envelope: Envelope,
    adu: Adu<'a>,
    /// What the message says of addresses, and of a response, what the request did where the response is silent.
    fields: Fields,
}

impl<'a> ModbusMessage<'a> {
    #[inline(always)]
    pub(super) fn new(
        adu: Adu<'a>,
        side: Side,
        direction: Direction,
        fields: Fields,
        response_nanos: Option<u64>,
    ) -> Self {
        let exception = adu.is_exception();
        let outcome = match direction {
            Direction::Request => Outcome::Neutral,
            Direction::Response if !exception => Outcome::Positive,
            Direction::Response if adu.exception() == Some(EXCEPTION_ACKNOWLEDGE) => Outcome::Neutral,
            Direction::Response => Outcome::Negative,
        };
        let kind = if exception { KIND_EXCEPTION } else { kind(adu.header.function(), adu.mei_type()) };
        let bytes = u64::try_from(adu.header.total()).unwrap_or(u64::MAX);
        let incomplete = !adu.is_whole();
        let envelope = Envelope { kind, side, direction, bytes, incomplete, response_nanos, outcome };
        Self { envelope, adu, fields }
    }

    /// What an answer says that the server is, to be told in passing.
    pub(super) fn tell_identity(&self, to: &mut dyn MessageHandler) {
        let told = self.adu.identification(self.envelope.direction);
        if !matches!(told, Some(Identification::Told { .. })) || !self.adu.is_whole() || !self.adu.objects().is_whole()
        {
            return;
        }
        for (id, value) in self.adu.objects() {
            let clue = match id {
                0 => Clue::ModbusMaker,
                1 => Clue::ModbusProduct,
                2 => Clue::ModbusRevision,
                5 => Clue::ModbusModel,
                _ => continue,
            };
            let text = Public::shaped(value, IDENTIFICATION_MAX, is_of_product);
            if !value.is_empty() && !text.is_unreadable() {
                to.clue(self.envelope.side, clue, &text);
            }
        }
    }

    fn write_exception(&self, object: &mut Object<'_>) {
        if let Some(code) = self.adu.exception() {
            object.number("exception", code.into());
            object.word("exception_name", exception_name(code).unwrap_or("unknown"));
        }
    }

    fn write_records(&self, object: &mut Object<'_>) {
        let mut records = self.adu.records(self.envelope.direction).peekable();
        if records.peek().is_none() {
            return;
        }
        json::array(object.key("records"), records, |out, record| {
            let mut item = Object::begin(out);
            if let Some((file, number)) = record.place {
                item.number("file", file.into());
                item.number("record", number.into());
            }
            item.number("length", record.length.into());
            item.end();
        });
    }

    fn write_identification(&self, object: &mut Object<'_>) {
        let Some(identification) = self.adu.identification(self.envelope.direction) else { return };
        let mut item = Object::begin(object.key("device_identification"));
        match identification {
            Identification::Asked { read_code, object } => {
                item.number("read_code", read_code.into());
                item.number("object_id", object.into());
            }
            Identification::Told { read_code, conformity_level, more_follows, next_object, objects } => {
                item.number("read_code", read_code.into());
                item.number("conformity_level", conformity_level.into());
                item.boolean("more_follows", more_follows);
                item.number("next_object_id", next_object.into());
                item.number("objects", objects.into());
                // Where the objects do not add up, what stands in the place of a text may be anything.
                let sound = self.adu.is_whole() && self.adu.objects().is_whole();
                let mut written = 0u8;
                for (id, value) in self.adu.objects() {
                    let Some((name, text)) = public_object(id, value) else { continue };
                    let bit = 1u8 << (id & 7);
                    // A name stands once in a JSON object, however often the device repeats it.
                    if written & bit == 0 {
                        item.text(name, if sound { text } else { Public::word(UNREADABLE) });
                    }
                    written |= bit;
                }
            }
        }
        item.end();
    }
}

impl Message for ModbusMessage<'_> {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    // Constant indices into an array: checked when compiled.
    #[allow(clippy::indexing_slicing)]
    #[inline]
    fn features(&self, _: &dyn Fn(&[u8]) -> u64) -> Features {
        let (adu, fields) = (&self.adu, &self.fields);
        let value = |value: Option<u16>| value.map_or(NO_VALUE, u64::from);
        let mut features = [0; FEATURES_MAX];
        features[FEATURE_FUNCTION] = adu.header.function().into();
        features[FEATURE_UNIT] = adu.header.unit.into();
        features[FEATURE_EXCEPTION] = value(adu.exception().map(u16::from));
        features[FEATURE_SUBFUNCTION] = value(adu.subfunction().or(adu.mei_type().map(u16::from)));
        features[FEATURE_ADDRESS] = value(fields.write_address().or(fields.address()));
        features[FEATURE_VALUE] = value(adu.single_value(self.envelope.direction));
        features[FEATURE_IDENTITY] = adu.identity(self.envelope.direction).map_or(NO_VALUE, u64::from);
        features[FEATURE_QUANTITY] = value(fields.write_quantity().or(fields.quantity()));
        features
    }

    #[inline]
    fn points(&self) -> Option<Points<'_>> {
        self.adu.points(self.envelope.direction, self.fields)
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        let adu = &self.adu;
        let mut object = Object::begin(out);
        object.number("transaction_id", adu.header.transaction.into());
        object.number("unit_id", adu.header.unit.into());
        object.number("function", adu.header.function().into());
        let name = KINDS.get(kind(adu.header.function(), adu.mei_type()));
        object.word("function_name", name.copied().unwrap_or_default());
        self.write_exception(&mut object);
        if let Some(code) = adu.subfunction() {
            object.number("subfunction", code.into());
            object.word("subfunction_name", subfunction_name(code).unwrap_or("unknown"));
        }
        object.optional_number("mei_type", adu.mei_type().map(u64::from));
        let fields = self.fields;
        object.optional_number("address", fields.address().map(u64::from));
        object.optional_number("quantity", fields.quantity().map(u64::from));
        object.optional_number("write_address", fields.write_address().map(u64::from));
        object.optional_number("write_quantity", fields.write_quantity().map(u64::from));
        if let Some((and_mask, or_mask)) = adu.masks() {
            object.number("and_mask", and_mask.into());
            object.number("or_mask", or_mask.into());
        }
        if let Some(written) = adu.written(self.envelope.direction) {
            json::array(object.key("values"), written.values(), |out, value| json::number(out, value.into()));
        }
        self.write_records(&mut object);
        self.write_identification(&mut object);
        object.end();
    }
}
