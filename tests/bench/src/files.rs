//! Large files: what an initrd costs, beside nginx and lighttpd, which hand it over inside the kernel (sendfile).

use kickstand_lab::process::Result;
use kickstand_lab::requests::CONFIG;

use crate::load::{client, download};
use crate::servers::{Server, Tools};
use crate::table::{Section, median, number, times};
use crate::usage::{forget_peak, memory, processor_time};

/// Bytes of the file: an installer's initrd.
const LENGTH: usize = 100 * 1024 * 1024;
const NAME: &str = "/files/initrd.img";
/// Clients at once, and how often each measurement has them fetch the file: together long enough for the clock of processor time,
/// which has a grain of 10 ms.
const CLIENTS: [(u32, u32); 2] = [(1, 8), (16, 1)];

const TEXT: &str = "A file of 100 MiB, in the page cache, to one client and to sixteen at once, over the loopback. The clients leave what comes in the kernel. \
nginx and lighttpd use sendfile. Processor time is that of the server for each GiB (user and system, `/proc/PID/stat`); memory is the most \
that it had in RAM meanwhile. A router's network has 0.11 GiB/s at best: what counts there is processor time. The ratios are kickstand's \
over nginx's time for the same.";

/// Measures and tells.
///
/// # Errors
///
/// When a file does not come whole.
pub fn section(tools: &Tools, rounds: usize) -> Result<Section> {
    let router = tools.router(CONFIG);
    let www = router.path("www/kickstand");
    // A line of a wire: neither zeros nor the same page again and again.
    let content: Vec<u8> = (0..LENGTH).map(|index| (index % 251) as u8).collect();
    router
        .tree()
        .write("www/kickstand/files/initrd.img", content);
    let servers = [
        tools.kickstand(router),
        tools.nginx(&www),
        tools.lighttpd(&www),
    ];
    let head = [
        "clients",
        "server",
        "GiB/s",
        "time ÷ nginx",
        "processor s/GiB",
        "÷ nginx",
        "peak MB",
    ];
    let mut section = Section::new("Files", TEXT, &head);
    for (clients, times_each) in CLIENTS {
        let mut taken = vec![Vec::new(); servers.len()];
        for _ in 0..rounds {
            for (index, server) in servers.iter().enumerate() {
                taken[index].push(fetched(server, clients, times_each)?);
            }
        }
        let volume = gibibytes(f64::from(clients * times_each));
        let middle: Vec<(f64, f64, u64)> = taken
            .iter()
            .map(|taken| {
                let wall: Vec<f64> = taken.iter().map(|one| one.0).collect();
                let processor: Vec<f64> = taken.iter().map(|one| one.1).collect();
                let peak = taken.iter().map(|one| one.2).max().unwrap_or(0);
                (median(&wall), median(&processor), peak)
            })
            .collect();
        for (server, (wall, processor, peak)) in servers.iter().zip(&middle) {
            section.row([
                clients.to_string(),
                server.name.to_owned(),
                number(volume / wall),
                times(wall / middle[1].0),
                number(processor / volume),
                times(processor / middle[1].1.max(f64::MIN_POSITIVE)),
                crate::table::megabytes(*peak),
            ]);
        }
    }
    Ok(section)
}

/// Seconds until all had it, seconds of processor time, and the peak in KiB.
fn fetched(server: &Server, clients: u32, times_each: u32) -> Result<(f64, f64, u64)> {
    forget_peak(server.id());
    let before = processor_time(server.id());
    let mut wall = 0.0;
    let clients: Vec<_> = (0..clients).map(client).collect();
    for _ in 0..times_each {
        wall += download(server.address, NAME, LENGTH as u64, &clients)?.as_secs_f64();
    }
    let processor = processor_time(server.id()) - before;
    Ok((wall, processor, memory(server.id()).peak))
}

fn gibibytes(files: f64) -> f64 {
    files * LENGTH as f64 / f64::from(1 << 30)
}
