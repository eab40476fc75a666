//! What the system grants: open files, a clock that is right, ports that nobody else is given.

use super::Finding;
use crate::settings::Settings;
use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Files that are open beside media ports: connections, the database, pages.
const FILES_BESIDE: usize = 6_000;
/// No clock that is right says an earlier time than this program was written: 2026-01-01.
const WRITTEN: Duration = Duration::from_secs(1_767_225_600);
/// Nor one that is so far ahead.
const AHEAD_MAX: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let ports = &settings.media.ports.0;
    let mut all = vec![clock(SystemTime::now())];
    if let Ok(limits) = std::fs::read_to_string("/proc/self/limits") {
        all.extend(files(&limits, ports.clone().count()));
    }
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
    all.extend(ephemeral(&read("ip_local_port_range"), &read("ip_local_reserved_ports"), ports));
    all
}

fn clock(now: SystemTime) -> Finding {
    const WHAT: &str = "clock";
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since < WRITTEN || since > WRITTEN + AHEAD_MAX {
        let text = "it is years off: tokens, certificates and charges go by it; set it, and have NTP keep it";
        return Finding::broken(WHAT, text);
    }
    Finding::ok(WHAT, "plausible")
}

/// The hard limit counts: the soft one is raised at the start.
fn files(limits: &str, ports: usize) -> Option<Finding> {
    const WHAT: &str = "open files";
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let hard = line.split_whitespace().nth(4)?;
    let wanted = ports + FILES_BESIDE;
    Some(match hard.parse::<usize>() {
        Ok(limit) if limit <= ports => Finding::broken(
            WHAT,
            format!(
                "at most {limit}, and the media ports alone are {ports}: raise the limit (LimitNOFILE, ulimit -Hn), or narrow media.ports"
            ),
        ),
        Ok(limit) if limit < wanted => Finding::warning(
            WHAT,
            format!(
                "at most {limit}; {wanted} are wanted for all media ports and connections: raise the limit (LimitNOFILE, ulimit -Hn)"
            ),
        ),
        Ok(limit) => Finding::ok(WHAT, format!("up to {limit}")),
        Err(_) => Finding::ok(WHAT, "unlimited"),
    })
}

/// Ports that the system gives to whoever asks for any: a media port among them is now and then somebody else's.
fn ephemeral(range: &str, reserved: &str, ports: &RangeInclusive<u16>) -> Option<Finding> {
    const WHAT: &str = "ephemeral ports";
    let mut ends = range.split_whitespace().filter_map(|end| end.parse::<u16>().ok());
    let (first, last) = (ends.next()?, ends.next()?);
    let kept = |port: u16| {
        reserved.trim().split(',').any(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            matches!((from.parse::<u16>(), to.parse::<u16>()), (Ok(from), Ok(to)) if (from..=to).contains(&port))
        })
    };
    let given = ports.clone().filter(|port| (first..=last).contains(port) && !kept(*port)).count();
    if given == 0 {
        return Some(Finding::ok(WHAT, "none of the media ports is given to other programs"));
    }
    let (start, end) = (ports.start(), ports.end());
    let text = format!(
        "the system gives {given} of the media ports to any program that asks (range {first}-{last}): reserve them with sysctl net.ipv4.ip_local_reserved_ports={start}-{end}"
    );
    Some(Finding::warning(WHAT, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units\n\
        Max open files            1024                 4096                 files\n";

    #[test]
    fn the_hard_limit_of_open_files_is_compared_with_what_is_wanted() {
        let verdict = |limits: &str, ports| files(limits, ports).map(|finding| finding.verdict);
        assert_eq!(verdict(LIMITS, 4_096), Some(Verdict::Broken));
        assert_eq!(verdict(LIMITS, 1_000), Some(Verdict::Warning));
        assert_eq!(verdict(&LIMITS.replace("4096 ", "524288 "), 4_096), Some(Verdict::Ok));
        assert_eq!(verdict(&LIMITS.replace("4096 ", "unlimited "), 4_096), Some(Verdict::Ok));
        assert_eq!(verdict("", 1), None);
    }

    #[test]
    fn media_ports_that_others_are_given_are_a_warning_until_they_are_reserved() {
        let verdict = |reserved: &str, ports| {
            ephemeral("32768\t60999\n", reserved, &ports).map(|finding| finding.verdict)
        };
        assert_eq!(verdict("\n", 49_152..=53_247), Some(Verdict::Warning));
        assert_eq!(verdict("8080,49152-53247\n", 49_152..=53_247), Some(Verdict::Ok));
        assert_eq!(verdict("\n", 20_000..=30_000), Some(Verdict::Ok));
    }

    #[test]
    fn a_clock_of_another_age_is_broken() {
        assert_eq!(clock(UNIX_EPOCH).verdict, Verdict::Broken);
        assert_eq!(clock(UNIX_EPOCH + WRITTEN + Duration::from_secs(1)).verdict, Verdict::Ok);
        assert_eq!(clock(UNIX_EPOCH + WRITTEN + AHEAD_MAX * 2).verdict, Verdict::Broken);
    }
}
