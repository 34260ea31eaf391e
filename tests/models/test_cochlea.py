import numpy as np
import pytest
from scipy.signal import gammatone

from chronaxie.models.cochlea import cochleagram, erb, erb_space, filter_bank, gammatone_filters

RATE = 8000
CENTRES = erb_space(20, 100, 3600)


@pytest.fixture(scope="module")
def filters():
    return gammatone_filters(CENTRES, RATE)


def tone(frequency, duration=0.5, amplitude=1.0):
    t = np.arange(round(duration * RATE)) / RATE
    return amplitude * np.sin(2 * np.pi * frequency * t)


def test_erb_is_that_of_glasberg_and_moore():
    # Their table form, 24.7 (4.37 f/kHz + 1); the two roundings of the constants differ by 1e-6.
    f = np.array([50.0, 1000.0, 8000.0])
    assert erb(f) == pytest.approx(24.7 * (4.37 * f / 1000 + 1), rel=1e-5)
    assert erb(1000) == pytest.approx(132.64, abs=0.01)


def test_centres_are_equidistant_on_the_erb_rate_scale():
    def erb_rate(f):
        # Integral of 1/ERB from 0, Glasberg and Moore's number of ERBs.
        return 9.26449 * np.log(1 + f / (9.26449 * 24.7))

    steps = np.diff(erb_rate(CENTRES))
    assert steps == pytest.approx(np.full(19, steps[0]), rel=1e-12)
    assert CENTRES[[0, -1]].tolist() == [100, 3600]
    # The formula of the reference implementations, from the highest centre down.
    c, k = 9.26449 * 24.7, np.arange(19, -1, -1) / 19
    expected = -c + (3600 + c) * np.exp(k * (np.log(100 + c) - np.log(3600 + c)))
    assert pytest.approx(expected, rel=1e-12) == CENTRES


def test_impulse_response_is_the_gammatone(filters):
    t = np.arange(filters.shape[1]) / RATE
    for centre, response in zip(CENTRES, filters, strict=True):
        shape = t**3 * np.exp(-2 * np.pi * 1.019 * erb(centre) * t) * np.cos(2 * np.pi * centre * t)
        scale = response @ shape / (shape @ shape)
        # Rounding only: the largest value of a response is of the order of 0.1.
        assert scale > 0
        assert np.abs(response - scale * shape).max() < 1e-14


def test_nothing_is_left_where_a_response_is_cut(filters):
    peak = np.abs(filters).max(axis=1)
    assert (np.abs(filters[:, -10:]).max(axis=1) < 3e-9 * peak).all()


def test_an_impulse_gives_the_responses_back(filters):
    impulse = np.zeros(filters.shape[1] + 5)
    impulse[5] = 1.0
    out = filter_bank(impulse, filters)
    assert out.shape == (20, impulse.size)
    # Rounding of the FFT.
    assert np.abs(out[:, 5:] - filters).max() < 1e-15
    assert np.abs(out[:, :5]).max() < 1e-15


@pytest.mark.parametrize("k", [0, 7, 19])
def test_gain_is_one_at_the_centre(filters, k):
    out = filter_bank(tone(CENTRES[k]), filters)[k]
    settled = out[len(out) // 2 :]
    # rms of a sine of amplitude 1; the window holds no whole number of periods.
    assert settled.std() == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_bandwidth_is_the_erb(filters):
    # ERB: width of the rectangle with the power of the filter and its peak gain. A fourth-order gammatone with
    # the factor 1.019 has it by construction, up to the mirror image at -f.
    spectrum = np.abs(np.fft.rfft(filters, 1 << 16, axis=1)) ** 2
    width = spectrum.sum(axis=1) / spectrum.max(axis=1) * RATE / (1 << 16)
    inner = (CENTRES > 500) & (CENTRES < 3000)
    assert width[inner] == pytest.approx(erb(CENTRES[inner]), rel=0.01)


def test_recursive_filters_of_scipy_agree(filters):
    # Slaney's recursive design of the same filter; it approximates the impulse response.
    for k in (10, 15):
        b, a = gammatone(CENTRES[k], "iir", fs=RATE)
        freqs = np.linspace(0.8, 1.2, 41) * CENTRES[k]
        z = np.exp(-2j * np.pi * freqs / RATE)
        theirs = np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z))
        ours = np.abs(np.exp(-2j * np.pi * freqs[:, None] / RATE * np.arange(filters.shape[1])) @ filters[k])
        assert ours == pytest.approx(theirs, abs=0.02)


@pytest.mark.parametrize("k", [2, 9, 17])
def test_a_tone_excites_its_channel_most(filters, k):
    drive = cochleagram(tone(CENTRES[k]), RATE, filters, dt=1e-3)
    assert drive.shape == (500, 20)
    steady = drive[100:].mean(axis=0)
    assert steady.argmax() == k
    near = steady[max(0, k - 4) : k + 5]
    assert (np.diff(near[: min(k, 4) + 1]) > 0).all()
    assert (np.diff(near[min(k, 4) :]) < 0).all()


def test_cochleagram_is_its_definition(filters):
    x = np.random.default_rng(0).standard_normal(805)
    x -= x.mean()
    rectified = np.maximum(filter_bank(x / np.sqrt(np.mean(x**2)), filters), 0)
    found = cochleagram(x, RATE, filters, dt=1e-3, exponent=0.5)
    assert found.shape == (101, 20)
    for k in (0, 50, 99):
        expected = rectified[:, 8 * k : 8 * k + 8].mean(axis=1) ** 0.5
        assert found[k] == pytest.approx(expected, rel=1e-12)
    # The last step holds five samples and three of silence.
    assert found[100] == pytest.approx((rectified[:, 800:].sum(axis=1) / 8) ** 0.5, rel=1e-12)
    assert (found >= 0).all()


def test_loudness_and_offset_do_not_count(filters):
    x = np.random.default_rng(1).standard_normal(4000)
    drive = cochleagram(x, RATE, filters, dt=1e-3)
    # A factor of two is exact in floating point, the offset is not.
    assert np.array_equal(drive, cochleagram(4 * x, RATE, filters, dt=1e-3))
    assert cochleagram(x + 3, RATE, filters, dt=1e-3) == pytest.approx(drive, abs=1e-6)
    integers = np.rint(x * 1000).astype(np.int16)
    assert np.array_equal(
        cochleagram(integers, RATE, filters, dt=1e-3),
        cochleagram(integers.astype(float), RATE, filters, dt=1e-3),
    )


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (np.zeros(0), "at least one sample, got float64 \\(0,\\)"),
        (np.zeros((2, 8)), "shape \\(sample,\\).*got float64 \\(2, 8\\)"),
        (np.array(["a"]), "real numbers"),
        (np.ones(3, dtype=complex), "real numbers"),
        (np.array([0.0, np.nan, np.inf]), "must be finite, got 2 NaN or infinite"),
        (np.zeros(80), "80 samples is silent \\(every sample is 0.0\\)"),
        (np.full(80, -32768, dtype=np.int16), "silent \\(every sample is -32768\\)"),
        (np.full(80, 7, dtype=np.int16), "silent \\(every sample is 7\\)"),
        (np.full(80, 0.1), "silent"),
    ],
)
def test_bad_recordings_are_refused(filters, signal, message):
    with pytest.raises(ValueError, match=message):
        cochleagram(signal, RATE, filters, dt=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: erb(0), "erb: frequencies must be finite numbers > 0"),
        (lambda g: erb([100, np.nan]), "finite numbers > 0"),
        (lambda g: erb("a"), "finite numbers > 0"),
        (lambda g: erb_space(1, 100, 200), "channels must be a whole number >= 2, got 1"),
        (lambda g: erb_space(True, 100, 200), "channels must be"),
        (lambda g: erb_space(4, 200, 100), "low < high"),
        (lambda g: erb_space(4, 0, 100), "> 0"),
        (lambda g: gammatone_filters([100, 4000], 8000), "centre 4000 Hz.*below 4000 Hz; lower"),
        (lambda g: gammatone_filters([], 8000), "shape \\(channel,\\), got the shape \\(0,\\)"),
        (lambda g: gammatone_filters([100], 0), "sampling_rate must be a finite number > 0 in Hz, got 0"),
        (lambda g: gammatone_filters([100], np.inf), "sampling_rate"),
        (lambda g: cochleagram(tone(100), 0, g, dt=1e-3), "sampling_rate must be"),
        (lambda g: cochleagram(tone(100), 8000, g, dt=3e-4), "cochleagram: dt .*step"),
        (lambda g: cochleagram(tone(100), 8000, g, dt=0), "cochleagram: dt must be a positive time"),
        (lambda g: cochleagram(tone(100), 8000, g, dt=1e-3, exponent=0), "exponent must be a number > 0"),
        (lambda g: cochleagram(tone(100), 8000, g, dt=1e-3, exponent=1.5), "exponent .* <= 1, got 1.5"),
    ],
)
def test_bad_arguments_are_refused(filters, call, message):
    with pytest.raises(ValueError, match=message):
        call(filters)
