"""The public data sets that ``chronaxie fetch`` downloads: where from, which files, and how they are checked."""

from dataclasses import dataclass

_GITHUB = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/"
_ZENKE = "https://zenkelab.org/datasets/"
_MNIST = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_IMAGES = (
    ("train-images-idx3-ubyte", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ("train-labels-idx1-ubyte", "d53e105ee54ea40749a09fcbcd1e9432"),
    ("t10k-images-idx3-ubyte", "9fb629c4189551a2d022fa330f9573f3"),
    ("t10k-labels-idx1-ubyte", "ec29112dd5afa0611ce80d1b7f02629c"),
)
_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")


@dataclass(frozen=True)
class RemoteFile:
    """One file to download.

    Attributes
    ----------
    name : str
        Below the base address.
    checksum : str
        Of what is downloaded, ``md5:…`` or ``sha256:…``.
    target : str
        Below the folder of the data sets.
    member : str
        Of a zip archive: the one file of it that becomes `target`; empty where the download itself does.
    contents : str
        Of an archive of recordings that becomes one npz file (`pack_fsdd`): fingerprint of all samples, ``sha256:…``,
        which counts where the archive has been packed anew.
    """

    name: str
    checksum: str
    target: str
    member: str = ""
    contents: str = ""


@dataclass(frozen=True)
class ListedFiles:
    """Files of a PhysioNet database, chosen from the list of SHA-256 sums that it publishes with them.

    Attributes
    ----------
    records : int
        How many records the database has.
    data : str
        Folder of the records in the database, with a slash at its end, or empty.
    required, optional : tuple of str
        Extensions: of every record, and of those that have it.
    known : dict of str to str
        Sums that are known from elsewhere, ``sha256:…``; a list that says otherwise is refused.
    """

    records: int
    data: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    known: dict[str, str]


@dataclass(frozen=True)
class DataSet:
    """A public data set.

    Attributes
    ----------
    name : str
        For ``chronaxie fetch``, and its folder below that of the data sets.
    title, source, licence : str
        What it is, whom to cite, and under which terms it is published.
    bases : tuple of str
        Addresses with a slash at the end: the official place first, mirrors after it.
    tasks : str
        What reads it.
    checked : str
        What the files are checked against, and who says so.
    megabytes : int or None
        Size of the download where it is known.
    files : tuple of RemoteFile
        Or empty, with `listed`.
    listed : ListedFiles, optional
    instead : tuple of tuple of str
        What its tasks read as well, below the folder of the data sets: each a set of files that suffices.
    recordings : (str, int), optional
        What its tasks read where neither is there: a pattern below the folder of the data sets, and how many files of
        it a whole set has.
    """

    name: str
    title: str
    source: str
    licence: str
    bases: tuple[str, ...]
    tasks: str
    checked: str
    megabytes: int | None
    files: tuple[RemoteFile, ...] = ()
    listed: ListedFiles | None = None
    instead: tuple[tuple[str, ...], ...] = ()
    recordings: tuple[str, int] | None = None

    def present(self, folder):
        """How much of it is in a folder of data sets.

        Parameters
        ----------
        folder : Path

        Returns
        -------
        (int, int)
            Files, or headers of records, that a whole set has, and how many of them are there. What its tasks read
            in their place counts as whole.
        """
        for files in self.instead:
            if all((folder / file).exists() for file in files):
                return len(files), len(files)
        if self.listed is not None:
            return self.listed.records, len(list((folder / self.name / self.listed.data).glob("*.hea")))
        there = sum((folder / file.target).exists() for file in self.files)
        if not there and self.recordings is not None:
            pattern, wanted = self.recordings
            return wanted, len(list(folder.glob(pattern)))
        return len(self.files), there


def _spikes(folder, **checksums):
    return tuple(
        RemoteFile(
            f"{folder}_{split}.h5.zip", checksum, f"{folder}/{folder}_{split}.h5", f"{folder}_{split}.h5"
        )
        for split, checksum in checksums.items()
    )


DATASETS = {
    "qtdb": DataSet(
        name="qtdb",
        title="QT Database: 105 two-lead ECGs of 15 minutes at 250 Hz with wave marks",
        source="Laguna, Mark, Goldberger, Moody, Computers in Cardiology 24, 673, 1997; Goldberger et al., Circulation "
        "101, e215, 2000",
        licence="ODC-By 1.0",
        bases=("https://physionet.org/files/qtdb/1.0.0/",),
        tasks="ecg",
        checked="each file: SHA-256 of the database's own SHA256SUMS.txt, which comes from the same server",
        megabytes=75,
        listed=ListedFiles(105, "", ("hea", "dat"), ("q1c", "q2c", "pu0", "pu1"), {}),
        instead=(("qtdb/QTDB_train.mat", "qtdb/QTDB_test.mat"),),
    ),
    "ludb": DataSet(
        name="ludb",
        title="Lobachevsky University Electrocardiography Database: 200 twelve-lead ECGs of 10 s at 500 Hz with "
        "wave marks",
        source="Kalyakulina et al., IEEE Access 8, 186181, 2020; Goldberger et al., Circulation 101, e215, 2000",
        licence="ODC-By 1.0",
        bases=("https://physionet.org/files/ludb/1.0.1/",),
        tasks="ludb",
        checked="each file: SHA-256 of the database's own SHA256SUMS.txt, which comes from the same server and must "
        "hold the sums of four files that are known from elsewhere",
        megabytes=30,
        listed=ListedFiles(
            200,
            "data/",
            ("hea", "dat", *_LEADS),
            (),
            {
                "RECORDS": "sha256:2a6ec024c409dfabe22b684e7e8f78011099f9e552c253c27de9cbec25630a5c",
                "data/1.dat": "sha256:7d669747badd7cb39f5a1e26b7f61b13fb897ce56f6a82a5f565da3c5123231e",
                "data/1.hea": "sha256:5bec2c548bf69c3bbd7bb8133769431345af55624cde309333d348c87f13f932",
                "data/1.ii": "sha256:157df852e1665c4361c0e599b8e76f8d0204161f813bc88850feec5161d870e6",
            },
        ),
        instead=(("ludb/ludb_records_001_120.npz",),),
    ),
    "mnist": DataSet(
        name="mnist",
        title="MNIST: 70 000 handwritten digits of 28 × 28 pixels",
        source="LeCun, Cortes, Burges, 1998",
        licence="CC BY-SA 3.0 (commonly stated)",
        bases=_MNIST,
        tasks="smnist, psmnist",
        checked="MD5 of the original distribution (as torchvision has it)",
        megabytes=12,
        files=tuple(RemoteFile(f"{name}.gz", f"md5:{md5}", f"mnist/{name}.gz") for name, md5 in _IMAGES),
        instead=(tuple(f"mnist/{name}" for name, _ in _IMAGES),),
    ),
    "fsdd": DataSet(
        name="fsdd",
        title="Free Spoken Digit Dataset 1.0.10: 3000 spoken digits of 6 speakers, 8 kHz",
        source="Jackson et al., Free Spoken Digit Dataset, doi:10.5281/zenodo.1342401",
        licence="CC BY-SA 4.0",
        bases=(_GITHUB,),
        tasks="spoken_digits",
        checked="SHA-256 of the archive of tag v1.0.10 (as a public audit of it has it), or, where GitHub packs it "
        "anew, of all samples",
        megabytes=16,
        files=(
            RemoteFile(
                "v1.0.10.zip",
                "sha256:c680098f5d2355ba7cc4bd8b0ca9e0a24c00ebe3b4c552208889a4d28d4fbc2b",
                "fsdd/fsdd.npz",
                contents="sha256:4e0317650d9c876eeda8788b4d4132af747e323d495a3da12c9bce9bc456a45f",
            ),
        ),
        recordings=("fsdd/recordings/*.wav", 3000),
    ),
    "shd": DataSet(
        name="shd",
        title="Spiking Heidelberg Digits: spoken digits as spikes of 700 channels",
        source="Cramer, Stradmann, Schemmel, Zenke, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744, 2022",
        licence="CC BY 4.0",
        bases=(_ZENKE,),
        tasks="shd",
        checked="MD5 of each archive (as tonic has it)",
        megabytes=None,
        files=_spikes(
            "shd",
            train="md5:f3252aeb598ac776c1b526422d90eecb",
            test="md5:1503a5064faa34311c398fb0a1ed0a6f",
        ),
    ),
    "ssc": DataSet(
        name="ssc",
        title="Spiking Speech Commands: 35 spoken words as spikes of 700 channels",
        source="Cramer, Stradmann, Schemmel, Zenke, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744, 2022",
        licence="CC BY 4.0",
        bases=(_ZENKE,),
        tasks="ssc",
        checked="MD5 of each archive (as tonic has it)",
        megabytes=None,
        files=_spikes(
            "ssc",
            train="md5:d102be95e7144fcc0553d1f45ba94170",
            valid="md5:b4eee3516a4a90dd0c71a6ac23a8ae43",
            test="md5:a35ff1e9cffdd02a20eb850c17c37748",
        ),
    ),
}
