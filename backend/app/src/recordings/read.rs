//! Reading a recording: any part of it, as the WAV file that a browser plays.

use super::{CHUNK_BYTES, HEAD_BYTES, MAGIC, TAG_BYTES, beside, nonce, place};
use crate::{Vault, vault::DoesNotOpen};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use media::{clip::SAMPLE_RATE, g711::Law, wav};
use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};
use zeroize::Zeroizing;

/// Which of the two sides are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Both, the caller left and the callee right.
    Stereo,
    /// Both, mixed.
    Mixed,
    /// The caller alone.
    Caller,
    /// The callee alone.
    Callee,
}

/// Why a recording can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error("the recording can't be read")]
    Io(#[from] io::Error),
    /// It is no recording, or not this one, or was changed.
    #[error(
        "the recording does not open: it was changed, or is another one's, or the key of the platform was replaced"
    )]
    Sealed,
}

impl From<DoesNotOpen> for ReadError {
    fn from(_: DoesNotOpen) -> Self {
        Self::Sealed
    }
}

/// A recording that is read.
pub struct Reader {
    file: File,
    cipher: XChaCha20Poly1305,
    /// Whole chunks, and the bytes of the last one where that is there.
    chunks: u64,
    last: Vec<u8>,
    is_whole: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} chunks)", self.chunks)
    }
}

impl Layout {
    const fn channels(self) -> u16 {
        match self {
            Self::Stereo => 2,
            Self::Mixed | Self::Caller | Self::Callee => 1,
        }
    }

    /// Appends what is heard of one moment of both sides.
    fn put(self, left: i16, right: i16, out: &mut Vec<u8>) {
        match self {
            Self::Stereo => {
                out.extend_from_slice(&left.to_le_bytes());
                out.extend_from_slice(&right.to_le_bytes());
            }
            Self::Mixed => out.extend_from_slice(&left.saturating_add(right).to_le_bytes()),
            Self::Caller => out.extend_from_slice(&left.to_le_bytes()),
            Self::Callee => out.extend_from_slice(&right.to_le_bytes()),
        }
    }
}

impl Reader {
    /// Opens the recording of a tenant.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open(path: &Path, vault: &Vault, (tenant, id): (&str, &str)) -> Result<Self, ReadError> {
        let mut file = File::open(path)?;
        let mut head = [0; HEAD_BYTES];
        file.read_exact(&mut head)?;
        let sealed = head.strip_prefix(MAGIC).ok_or(ReadError::Sealed)?;
        let key = vault.open(place(tenant, id), sealed)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| ReadError::Sealed)?;
        let body = file.metadata()?.len() - HEAD_BYTES as u64;
        let each = (CHUNK_BYTES + TAG_BYTES) as u64;
        let mut reader = Self { file, cipher, chunks: body / each, last: Vec::new(), is_whole: false };
        let mut rest = vec![0; (body % each) as usize];
        reader.file.seek(SeekFrom::Start(HEAD_BYTES as u64 + reader.chunks * each))?;
        reader.file.read_exact(&mut rest)?;
        // Of a file that a crash broke off, the rest does not open: what is before it does.
        if let Ok(last) = reader.unseal(reader.chunks, true, &rest) {
            (reader.last, reader.is_whole) = (last.to_vec(), true);
        }
        Ok(reader)
    }

    /// Whether it was ended as it should be; if not, a crash broke it off after the last whole second.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Samples of each side.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        (self.chunks * CHUNK_BYTES as u64 + self.last.len() as u64) / 2
    }

    /// Bytes of the WAV file in a layout.
    #[must_use]
    pub const fn wav_bytes(&self, layout: Layout) -> u64 {
        wav::HEADER_BYTES as u64 + self.samples() * 2 * layout.channels() as u64
    }

    /// A part of the WAV file in a layout: from this byte on, so many, or as many as there are.
    ///
    /// # Errors
    /// [`ReadError`], also where a chunk was changed.
    pub fn wav(&mut self, layout: Layout, from: u64, count: usize) -> Result<Vec<u8>, ReadError> {
        let length = self.wav_bytes(layout);
        let until = from.saturating_add(count as u64).min(length);
        if from >= until {
            return Ok(Vec::new());
        }
        let head = wav::HEADER_BYTES as u64;
        let data = u32::try_from(length - head).unwrap_or(u32::MAX);
        let header = wav::header(layout.channels(), SAMPLE_RATE, data);
        let mut out = header[from.min(head) as usize..until.min(head) as usize].to_vec();
        let block = u64::from(layout.channels()) * 2;
        let (from, until) = (from.saturating_sub(head), until.saturating_sub(head));
        if from < until {
            let (first, last) = (from / block, until.div_ceil(block));
            let mut bytes = Vec::new();
            self.moments(layout, first, last, &mut bytes)?;
            let start = (from - first * block) as usize;
            out.extend_from_slice(&bytes[start..start + (until - from) as usize]);
        }
        Ok(out)
    }

    /// Appends the moments from the first to before the last.
    fn moments(&mut self, layout: Layout, first: u64, last: u64, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let each = CHUNK_BYTES as u64 / 2;
        for index in first / each..last.div_ceil(each) {
            let chunk = self.chunk(index)?;
            let start = first.saturating_sub(index * each) as usize * 2;
            let end = ((last - index * each).min(each) as usize * 2).min(chunk.len());
            for two in chunk.get(start..end).unwrap_or_default().chunks_exact(2) {
                layout.put(Law::Mu.decode(two[0]), Law::Mu.decode(two[1]), out);
            }
        }
        Ok(())
    }

    fn chunk(&mut self, index: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        if index == self.chunks {
            return Ok(Zeroizing::new(self.last.clone()));
        }
        let each = CHUNK_BYTES + TAG_BYTES;
        let mut sealed = vec![0; each];
        self.file.seek(SeekFrom::Start(HEAD_BYTES as u64 + index * each as u64))?;
        self.file.read_exact(&mut sealed)?;
        self.unseal(index, false, &sealed)
    }

    fn unseal(&self, index: u64, is_last: bool, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let payload = Payload { msg: sealed, aad: &beside(index, is_last) };
        self.cipher.decrypt(&nonce(index), payload).map(Zeroizing::new).map_err(|_| ReadError::Sealed)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::{Budget, RecordingFile};
    use super::*;
    use media::tone::{Sine, level, share_at};
    use relay::{Ending, Sink};
    use std::{fs, path::PathBuf, sync::mpsc};

    const OWNER: (&str, &str) = ("tenant", "recording");

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dialtone-recording-{name}-{}", std::process::id()));
            let _ = fs::remove_file(&path);
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn vault() -> Vault {
        Vault::new(&[9; 32])
    }

    fn begin(path: &Path, budget: &Budget) -> (Box<RecordingFile>, mpsc::Receiver<Ending>) {
        let (said, heard) = mpsc::channel();
        let listener = Box::new(move |ending| said.send(ending).unwrap());
        (Box::new(RecordingFile::create(path, &vault(), OWNER, budget.clone(), listener).unwrap()), heard)
    }

    /// The caller at 440 Hz and the callee at 1000 Hz, for so many samples of each.
    fn speak(file: &mut RecordingFile, samples: usize) {
        let mut sines = [Sine::new(440.0, 8_000, 6_000), Sine::new(1000.0, 8_000, 6_000)];
        let stereo: Vec<i16> = (0..samples * 2).map(|place| sines[place % 2].sample()).collect();
        stereo.chunks(16_000).for_each(|second| file.write(second).unwrap());
    }

    fn read(reader: &mut Reader, layout: Layout) -> Vec<i16> {
        let bytes = reader.wav(layout, 0, usize::MAX).unwrap();
        assert_eq!(bytes.len() as u64, reader.wav_bytes(layout));
        bytes[44..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
    }

    #[test]
    fn what_is_written_is_heard_again_in_each_layout_and_nothing_of_it_lies_open_on_the_disk() {
        let scratch = Scratch::new("layouts");
        let (mut file, heard) = begin(&scratch.0, &Budget::new(1 << 20, 0));
        speak(&mut file, 20_500);
        file.end(Ending::default());
        assert_eq!(heard.recv().unwrap(), Ending::default());
        let mut reader = Reader::open(&scratch.0, &vault(), OWNER).unwrap();
        assert!(reader.is_whole());
        assert_eq!(reader.samples(), 20_500);
        let caller = read(&mut reader, Layout::Caller);
        assert!(share_at(&caller, 440.0, 8_000) > 0.95);
        assert!(share_at(&read(&mut reader, Layout::Callee), 1000.0, 8_000) > 0.95);
        let mixed = read(&mut reader, Layout::Mixed);
        for frequency in [440.0, 1000.0] {
            assert!((share_at(&mixed, frequency, 8_000) - 0.5).abs() < 0.05);
        }
        let stereo = read(&mut reader, Layout::Stereo);
        assert_eq!(stereo.iter().step_by(2).copied().collect::<Vec<_>>(), caller);
        let own = wav::read(&reader.wav(Layout::Caller, 0, usize::MAX).unwrap(), 10).unwrap();
        assert_eq!(own, caller, "it is a WAV file");
        let mut plain = Vec::new();
        Law::Mu.encode_into(&stereo[..64], &mut plain);
        let on_disk = fs::read(&scratch.0).unwrap();
        assert!(!on_disk.windows(plain.len()).any(|bytes| bytes == plain));
    }

    #[test]
    fn every_part_of_the_file_is_the_part_of_the_whole() {
        let scratch = Scratch::new("parts");
        let (mut file, _heard) = begin(&scratch.0, &Budget::new(1 << 20, 0));
        speak(&mut file, 17_001);
        file.end(Ending::default());
        let mut reader = Reader::open(&scratch.0, &vault(), OWNER).unwrap();
        let whole = reader.wav(Layout::Stereo, 0, usize::MAX).unwrap();
        for (from, count) in
            [(0, 1), (40, 9), (43, 32_003), (44 + 31_999, 70), (60_000, 1 << 20), (68_047, 5)]
        {
            let until = (from + count).min(whole.len());
            let part = reader.wav(Layout::Stereo, from as u64, count).unwrap();
            assert_eq!(part, whole[from..until], "{count} from {from}");
        }
        assert!(reader.wav(Layout::Stereo, whole.len() as u64, 5).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_a_crash_broke_off_is_heard_up_to_its_last_whole_second() {
        let scratch = Scratch::new("crash");
        let (mut file, _heard) = begin(&scratch.0, &Budget::new(1 << 20, 0));
        speak(&mut file, 20_500);
        std::mem::forget(file);
        let mut reader = Reader::open(&scratch.0, &vault(), OWNER).unwrap();
        assert!(!reader.is_whole());
        assert_eq!(reader.samples(), 16_000);
        assert!(share_at(&read(&mut reader, Layout::Caller), 440.0, 8_000) > 0.95);
        let bytes = fs::read(&scratch.0).unwrap();
        fs::write(&scratch.0, &bytes[..bytes.len() - 100]).unwrap();
        let mut reader = Reader::open(&scratch.0, &vault(), OWNER).unwrap();
        assert_eq!((reader.is_whole(), reader.samples()), (false, 8_000));
        assert!(level(&read(&mut reader, Layout::Callee)) > 1000.0);
    }

    #[test]
    fn chunks_that_are_changed_or_moved_and_files_of_others_do_not_open() {
        let scratch = Scratch::new("changed");
        let (mut file, _heard) = begin(&scratch.0, &Budget::new(1 << 20, 0));
        speak(&mut file, 16_000);
        file.end(Ending::default());
        assert!(matches!(Reader::open(&scratch.0, &vault(), ("stranger", OWNER.1)), Err(ReadError::Sealed)));
        assert!(matches!(Reader::open(&scratch.0, &vault(), (OWNER.0, "another")), Err(ReadError::Sealed)));
        let good = fs::read(&scratch.0).unwrap();
        let each = CHUNK_BYTES + TAG_BYTES;
        let mut swapped = good[..HEAD_BYTES].to_vec();
        swapped.extend_from_slice(&good[HEAD_BYTES + each..HEAD_BYTES + 2 * each]);
        swapped.extend_from_slice(&good[HEAD_BYTES..HEAD_BYTES + each]);
        fs::write(&scratch.0, &swapped).unwrap();
        let mut reader = Reader::open(&scratch.0, &vault(), OWNER).unwrap();
        assert!(matches!(reader.wav(Layout::Mixed, 44, 10), Err(ReadError::Sealed)));
    }

    #[test]
    fn a_full_budget_ends_a_recording_and_what_is_given_back_is_there_again() {
        let scratch = Scratch::new("budget");
        let budget = Budget::new(20_000, 0);
        let (mut file, _heard) = begin(&scratch.0, &budget);
        assert!(file.write(&[0; 16_000]).is_ok());
        let full = file.write(&[0; 16_000]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert!(budget.taken() <= 20_000);
        drop(file);
        budget.give_back(budget.taken());
        assert_eq!(budget.taken(), 0);
    }
}
