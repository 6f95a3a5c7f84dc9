//! One file per detection. Each begins with its page: what it sees, why it matters to care, what looks alike and is
//! fine, what it needs learned, how to respond.

pub mod address_taken;
pub mod broadcast_storm;
pub mod call_home;
pub mod executable_in_image;
pub mod feed_lossy;
pub mod feed_lost;
pub mod feed_one_sided;
pub mod frozen_values;
pub mod many;
pub mod message_changed;
pub mod message_replayed;
pub mod network_sweep;
pub mod new_conversation;
pub mod new_device;
pub mod new_operation;
pub mod out_of_service;
pub mod passed_on;
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
