//! What protocols look like on the wire: encoders of our own, written from the standards.

pub mod bacnet;
pub mod dcerpc;
pub mod der;
pub mod dhcp;
pub mod dicom;
pub mod dns;
pub mod hl7;
pub mod http;
pub mod ipv6;
pub mod kerberos;
pub mod ldap;
pub mod modbus;
pub mod mqtt;
pub mod noise;
pub mod ntp;
pub mod opaque;
pub mod postgres;
pub mod rdp;
pub mod smb;
pub mod snmp;
pub mod ssh;
pub mod stp;
pub mod tftp;
pub mod tls;
pub mod vnc;
