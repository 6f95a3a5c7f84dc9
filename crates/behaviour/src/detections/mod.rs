//! One file per detection. Each begins with its page: what it sees, why it matters to care, what looks alike and is
//! fine, what it needs learned, how to respond.

pub mod address_taken;
pub mod all_topics;
pub mod broadcast_storm;
pub mod call_home;
pub mod certificate_changed;
pub mod clear_login;
pub mod clock_shifted;
pub mod dns_tunnel;
pub mod encryption_weakened;
pub mod executable_in_image;
pub mod feed_lossy;
pub mod feed_lost;
pub mod feed_one_sided;
pub mod firmware_push;
pub mod foreign_command;
pub mod frozen_values;
pub mod hazard;
pub mod long_visit;
pub mod many;
pub mod message_changed;
pub mod message_replayed;
pub mod network_sweep;
pub mod new_conversation;
pub mod new_device;
pub mod new_operation;
pub mod out_of_service;
pub mod passed_on;
pub mod path_in_identifier;
pub mod ransomware;
pub mod rate_low;
pub mod refusal_storm;
pub mod refusals;
pub mod results_drift;
pub mod second_dhcp_server;
pub mod sensor_cannot_write;
pub mod sensor_overloaded;
pub mod silence;
pub mod slow_answers;
pub mod sweep;
pub mod techniques;
pub mod unusual_breadth;
pub mod unusual_hour;
pub mod unusual_rate;
pub mod unusual_value;
pub mod unusual_volume;
pub mod way_changed;

use crate::detection::{About, Detection};

/// All detections, in the order in which they are asked.
#[must_use]
pub fn all() -> Vec<Box<dyn Detection>> {
    vec![
        Box::<executable_in_image::ExecutableInImage>::default(),
        Box::new(path_in_identifier::PathInIdentifier),
        Box::new(call_home::CallHome),
        Box::new(ransomware::Ransomware),
        Box::new(dns_tunnel::DnsTunnel),
        Box::<sweep::Sweep>::default(),
        Box::<refusal_storm::RefusalStorm>::default(),
        Box::<network_sweep::NetworkSweep>::default(),
        // Those with a name of their own for what departs stand before the general ones.
        Box::new(foreign_command::ForeignCommand),
        Box::new(firmware_push::FirmwarePush),
        Box::new(clear_login::ClearLogin),
        Box::new(all_topics::AllTopics),
        Box::new(certificate_changed::CertificateChanged),
        Box::new(encryption_weakened::EncryptionWeakened),
        Box::<way_changed::WayChanged>::default(),
        Box::new(clock_shifted::ClockShifted),
        Box::<new_device::NewDevice>::default(),
        Box::<new_conversation::NewConversation>::default(),
        Box::<new_operation::NewOperation>::default(),
        Box::<unusual_value::UnusualValue>::default(),
        Box::new(frozen_values::FrozenValues),
        Box::<results_drift::ResultsDrift>::default(),
        Box::<unusual_volume::UnusualVolume>::default(),
        Box::<unusual_rate::UnusualRate>::default(),
        Box::<rate_low::RateLow>::default(),
        Box::new(long_visit::LongVisit),
        Box::new(refusals::Refusals),
        Box::<slow_answers::SlowAnswers>::default(),
        Box::<silence::Silence>::default(),
        Box::new(unusual_breadth::UnusualBreadth),
        Box::<unusual_hour::UnusualHour>::default(),
        Box::<address_taken::AddressTaken>::default(),
        Box::<second_dhcp_server::SecondDhcpServer>::default(),
        Box::<broadcast_storm::BroadcastStorm>::default(),
        Box::new(message_replayed::MessageReplayed),
        Box::new(message_changed::MessageChanged),
        Box::new(out_of_service::DeviceOutOfService),
        Box::new(feed_lost::FeedLost),
        Box::new(feed_one_sided::FeedOneSided),
        Box::new(feed_lossy::FeedLossy),
        Box::new(sensor_overloaded::SensorOverloaded),
        Box::new(sensor_cannot_write::SensorCannotWrite),
    ]
}

/// What every detection says of itself.
pub static DETECTIONS: [&About; 42] = [
    &executable_in_image::ABOUT,
    &path_in_identifier::ABOUT,
    &call_home::ABOUT,
    &ransomware::ABOUT,
    &dns_tunnel::ABOUT,
    &sweep::ABOUT,
    &refusal_storm::ABOUT,
    &network_sweep::ABOUT,
    &foreign_command::ABOUT,
    &firmware_push::ABOUT,
    &clear_login::ABOUT,
    &all_topics::ABOUT,
    &certificate_changed::ABOUT,
    &encryption_weakened::ABOUT,
    &way_changed::ABOUT,
    &clock_shifted::ABOUT,
    &new_device::ABOUT,
    &new_conversation::ABOUT,
    &new_operation::ABOUT,
    &unusual_value::ABOUT,
    &frozen_values::ABOUT,
    &results_drift::ABOUT,
    &unusual_volume::ABOUT,
    &unusual_rate::ABOUT,
    &rate_low::ABOUT,
    &long_visit::ABOUT,
    &refusals::ABOUT,
    &slow_answers::ABOUT,
    &silence::ABOUT,
    &unusual_breadth::ABOUT,
    &unusual_hour::ABOUT,
    &address_taken::ABOUT,
    &second_dhcp_server::ABOUT,
    &broadcast_storm::ABOUT,
    &message_replayed::ABOUT,
    &message_changed::ABOUT,
    &out_of_service::ABOUT,
    &feed_lost::ABOUT,
    &feed_one_sided::ABOUT,
    &feed_lossy::ABOUT,
    &sensor_overloaded::ABOUT,
    &sensor_cannot_write::ABOUT,
];
