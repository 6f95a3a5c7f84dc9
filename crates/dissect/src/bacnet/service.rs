//! What is read of the parameters of services (ASHRAE 135 clauses 13 to 16 and 21).
//!
//! Objects, properties and numbers; no text but what a device says of its make. Whatever has not its standard's form shows
//! nothing.

use wardtap_net::reader::Reader;

use super::names;
use super::tags::{Amount, NULL, Object, Tag, Tags, amount, application_unsigned, characters, unsigned};
use crate::clues::Clue;
use crate::plain::Value;

/// Objects of a service on many that are looked at; a device answers for no more in a datagram.
const OBJECTS_MAX: usize = 256;

/// What a message is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content<'a> {
    pub object_type: Option<&'static str>,
    pub instance: Option<u32>,
    pub property: Value<'static>,
    /// Objects or properties, where there are several.
    pub count: Option<u64>,
    pub priority: Option<u64>,
    pub value: Option<Amount>,
    pub state: Option<&'static str>,
    /// The device that speaks, or is spoken of.
    pub device: Option<u32>,
    pub vendor: Option<u64>,
    /// The range of devices that are asked.
    pub range: Option<[u64; 2]>,
    pub error: Option<[u64; 2]>,
    /// The parameters have not the standard's form.
    pub is_bad: bool,
    /// What a device says of its make.
    pub make: [Option<(Clue, &'a [u8])>; 4],
}

/// The properties of a device that name its make (clause 12.11).
const MAKE: [(u64, Clue); 4] =
    [(70, Clue::BacnetModel), (44, Clue::BacnetFirmware), (12, Clue::BacnetApplication), (121, Clue::BacnetMaker)];

/// The type of devices.
const DEVICE: u16 = 8;

/// What stands for several of them.
const SEVERAL: &str = "several";

impl<'a> Content<'a> {
    /// A confirmed service (clause 21, by its number).
    pub(super) fn confirmed(service: u8, parameters: Reader<'_>) -> Self {
        let mut tags = Tags(parameters);
        let mut content = Content::default();
        let read = match service {
            1 => content.notification(&mut tags),
            2 => content.notification(&mut tags),
            5 | 28 => content.subscription(&mut tags),
            6 | 7 => content.file(&mut tags),
            8 | 9 | 12 | 26 => content.reads(&mut tags),
            11 => tags.next().and_then(Object::application).map(|object| content.object(object)),
            14 => content.reads_several(&mut tags),
            15 => content.writes(&mut tags),
            16 => content.writes_several(&mut tags),
            17 => content.communication(&mut tags),
            18 => content.private(&mut tags),
            20 => tags.context(0).and_then(unsigned).map(|state| content.becomes(&names::REINITIALIZED, state)),
            _ => Some(()),
        };
        content.is_bad = read.is_none();
        content.stripped()
    }

    /// An unconfirmed service.
    pub(super) fn unconfirmed(service: u8, parameters: Reader<'_>) -> Self {
        let mut tags = Tags(parameters);
        let mut content = Content::default();
        let read = match service {
            0 => content.i_am(&mut tags),
            1 => content.i_have(&mut tags),
            2 | 3 => content.notification(&mut tags),
            4 => content.private(&mut tags),
            7 | 8 => content.who(&mut tags),
            _ => Some(()),
        };
        content.is_bad = read.is_none();
        content.stripped()
    }

    /// What a service gives back.
    pub(super) fn acknowledged(service: u8, parameters: Reader<'a>) -> Self {
        let mut tags = Tags(parameters);
        let mut content = Content::default();
        let read = match service {
            12 => content.was_read(&mut tags),
            14 => content.were_read(&mut tags),
            18 => content.private(&mut tags),
            26 => content.reads(&mut tags),
            _ => Some(()),
        };
        content.is_bad = read.is_none();
        content
    }

    /// Why it was refused: a class and a code, for some services in a structure (clause 21, Error).
    pub(super) fn error(parameters: Reader<'_>) -> Self {
        let mut tags = Tags(parameters);
        tags.open(0);
        let class = tags.next().and_then(application_unsigned);
        let error = class.zip(tags.next().and_then(application_unsigned)).map(<[u64; 2]>::from);
        Content { error, is_bad: error.is_none(), ..Content::default() }
    }

    /// Nothing of it borrows from the message but what names a make.
    fn stripped<'b>(self) -> Content<'b> {
        Content { make: [None; 4], ..self }
    }

    fn object(&mut self, object: Object) {
        self.object_type = Some(names::object_type(object.kind));
        self.instance = Some(object.instance);
    }

    /// One more object: what they have in common is shown.
    fn one_more(&mut self, object: Object) {
        let name = names::object_type(object.kind);
        match self.object_type {
            None => self.object(object),
            Some(known) => {
                self.object_type = Some(if known == name { known } else { SEVERAL });
                self.instance = None;
            }
        }
    }

    /// One more property.
    fn property(&mut self, number: u64) {
        let value = names::property(number).map_or(Value::Number(number), Value::word);
        self.count = Some(self.count.unwrap_or_default().saturating_add(1));
        self.property =
            if matches!(self.property, Value::None) || self.property == value { value } else { Value::word(SEVERAL) };
    }

    fn becomes(&mut self, names: &[&'static str], state: u64) {
        self.state = Some(names::name(names, state).unwrap_or("other"));
    }

    /// Clause 16.10: who it is, how long a message it takes, and whose make it is.
    fn i_am(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.device = Some(Object::application(tags.next()?)?.instance);
        tags.next()?;
        tags.next()?;
        self.vendor = application_unsigned(tags.next()?);
        Some(())
    }

    /// Clause 16.9: the device, the object and its name.
    fn i_have(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.device = Some(Object::application(tags.next()?)?.instance);
        self.object(Object::application(tags.next()?)?);
        Some(())
    }

    /// Clauses 16.9 and 16.10: a range of devices, and for Who-Has an object or its name.
    fn who(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        if let Some(low) = tags.context(0) {
            self.range = Some([unsigned(low)?, tags.context(1).and_then(unsigned)?]);
        }
        if let Some(object) = tags.context(2) {
            self.object(Object::read(object)?);
        }
        Some(())
    }

    /// Clauses 13.6 to 13.9: a process, the device, and the object.
    fn notification(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        tags.context(0)?;
        self.device = Some(Object::read(tags.context(1)?)?.instance);
        self.object(Object::read(tags.context(2)?)?);
        Some(())
    }

    /// Clauses 13.14 and 13.15: a process, and the object.
    fn subscription(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        tags.context(0)?;
        self.object(Object::read(tags.context(1)?)?);
        Some(())
    }

    /// Clauses 14.1 and 14.2: the file.
    fn file(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.object(Object::application(tags.next()?)?);
        Some(())
    }

    /// Clauses 15.1, 15.2, 15.5 and 15.8: an object and one of its properties.
    fn reads(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.object(Object::read(tags.context(0)?)?);
        self.property(tags.context(1).and_then(unsigned)?);
        self.count = None;
        tags.context(2);
        Some(())
    }

    /// Clause 15.7: objects, each with properties.
    fn reads_several(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        for _ in 0..OBJECTS_MAX {
            if tags.0.is_empty() {
                break;
            }
            self.one_more(Object::read(tags.context(0)?)?);
            tags.open(1)?;
            while tags.close(1).is_none() {
                self.property(tags.context(0).and_then(unsigned)?);
                tags.context(1);
            }
        }
        Some(())
    }

    /// Clause 15.9: an object, a property, the value and its priority.
    fn writes(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.reads(tags)?;
        self.written(tags, 3)
    }

    /// A value in a structure, and its priority behind it.
    fn written(&mut self, tags: &mut Tags<'_>, place: u8) -> Option<()> {
        tags.open(place)?;
        let first = tags.peek()?;
        if matches!(first, Tag::Closing(_)) {
            return tags.close(place);
        }
        let mut behind = *tags;
        behind.next()?;
        if behind.close(place).is_some() {
            // One value: of a list none is compared.
            self.value = amount(first);
            if matches!(first, Tag::Application(NULL, _)) {
                // Clause 19.2: what was commanded is given up.
                self.state = Some("relinquish");
            }
        }
        tags.leave()?;
        self.priority = tags.context(place.saturating_add(1)).and_then(unsigned);
        Some(())
    }

    /// Clause 15.10: objects, each with properties and their values.
    fn writes_several(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        let mut values = 0usize;
        for _ in 0..OBJECTS_MAX {
            if tags.0.is_empty() {
                break;
            }
            self.one_more(Object::read(tags.context(0)?)?);
            tags.open(1)?;
            while tags.close(1).is_none() {
                self.property(tags.context(0).and_then(unsigned)?);
                tags.context(1);
                self.written(tags, 2)?;
                values = values.saturating_add(1);
            }
        }
        if values > 1 {
            (self.value, self.state) = (None, None);
        }
        Some(())
    }

    /// Clause 16.1: for how long, and what.
    fn communication(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        tags.context(0);
        let state = tags.context(1).and_then(unsigned)?;
        self.becomes(&names::COMMUNICATION, state);
        Some(())
    }

    /// Clause 16.2: whose service it is.
    fn private(&mut self, tags: &mut Tags<'_>) -> Option<()> {
        self.vendor = Some(unsigned(tags.context(0)?)?);
        Some(())
    }

    /// Clause 15.5: the object, the property and its value.
    fn was_read(&mut self, tags: &mut Tags<'a>) -> Option<()> {
        let object = Object::read(tags.context(0)?)?;
        self.object(object);
        let property = tags.context(1).and_then(unsigned)?;
        self.property(property);
        self.count = None;
        tags.context(2);
        tags.open(3)?;
        self.says(object, property, tags.next()?);
        Some(())
    }

    /// Clause 15.7: objects, each with properties, each with its value or an error.
    fn were_read(&mut self, tags: &mut Tags<'a>) -> Option<()> {
        for _ in 0..OBJECTS_MAX {
            if tags.0.is_empty() {
                break;
            }
            let object = Object::read(tags.context(0)?)?;
            self.one_more(object);
            tags.open(1)?;
            while tags.close(1).is_none() {
                let property = tags.context(2).and_then(unsigned)?;
                self.property(property);
                tags.context(3);
                if tags.open(4).is_some() {
                    if let Some(value) = tags.peek() {
                        self.says(object, property, value);
                    }
                } else {
                    tags.open(5)?;
                }
                tags.leave()?;
            }
        }
        Some(())
    }

    /// What a device says of its make.
    fn says(&mut self, object: Object, property: u64, value: Tag<'a>) {
        let places = MAKE.iter().zip(&mut self.make);
        let place = places.into_iter().find(|((number, _), _)| *number == property && object.kind == DEVICE);
        if let (Some(((_, clue), said)), Some(text)) = (place, characters(value)) {
            *said = Some((*clue, text));
        }
    }
}
