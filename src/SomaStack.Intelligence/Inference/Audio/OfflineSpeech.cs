using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Speech without a provider: <c>pocketsphinx</c> hears English, <c>flite</c> speaks it, when the operator has installed them. Each request
/// is a process of its own; what it reads and writes lies in the data folder, readable by this user alone, and is deleted when it ends.
/// </summary>
internal sealed class OfflineSpeech : IDisposable
{
    public const string Hears = "pocketsphinx";
    public const string Speaks = "flite";
    public const string HearsPackages = "pocketsphinx pocketsphinx-en-us";
    public const string SpeaksPackages = "flite";

    /// <summary>Pocketsphinx's models are made for this rate.</summary>
    public const int Rate = 16_000;

    public const int SecondsMax = 600;

    /// <summary>Built into Debian's flite. Its kal voice is of 8 kHz, awb_time only tells the time.</summary>
    public static readonly IReadOnlyList<string> Voices = ["slt", "rms", "awb", "kal16"];

    private const string AcousticModel = "/usr/share/pocketsphinx/model/en-us/en-us";
    private const int WaitingMax = 16;
    private const string Accented = "\u2018\u2019\u2013\u2014\u2026àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ";
    private const string Unaccented = "''--.aaaaaaceeeeiiiinoooooouuuuyy";

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly string? _hearing;
    private readonly string? _speaking;
    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount));
    private int _waiting;

    public OfflineSpeech(SomaOptions options, TimeProvider clock)
    {
        (_folder, _clock) = (Path.GetFullPath(Path.Combine(options.DataDirectory, "tmp", "audio")), clock);
        _hearing = Directory.Exists(AcousticModel) ? Locate("pocketsphinx_continuous") : null;
        _speaking = Locate("flite");
        var models = new List<KnownModel>();
        if (_hearing is not null) models.Add(new KnownModel(Hears, ExtractiveResponder.Provider, null, ExtractiveResponder.Provider, null));
        if (_speaking is not null) models.Add(new KnownModel(Speaks, ExtractiveResponder.Provider, null, ExtractiveResponder.Provider, null));
        Models = models;
        DeleteLeftOvers();
    }

    /// <summary>What is installed.</summary>
    public IReadOnlyList<KnownModel> Models { get; }

    /// <summary>Whether a recording would be worked on at once.</summary>
    public bool HasFreeSlot => _slots.CurrentCount > 0;

    public KnownModel? Find(string id) => Models.FirstOrDefault(model => model.Id == id || model.Qualified == id);

    /// <exception cref="Problem">415 for what is no WAV, 429 when too many wait, 502 or 504 when the program fails or takes too long.</exception>
    public async Task<(string Text, double Seconds)> HearAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        var program = _hearing ?? throw Unavailable(Hears, HearsPackages);
        var audio = WavAudio.Read(file.Span, SecondsMax);
        var limit = TimeSpan.FromSeconds(15 + 3 * audio.Seconds);
        return await InSlotAsync(async () =>
        {
            using var wav = Write(".wav", Resampler.To(audio, Rate).Write());
            var text = await ChildProgram.RunAsync(program, ["-infile", wav.Path, "-logfn", "/dev/null"], limit, _clock, cancellationToken);
            return (string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), audio.Seconds);
        }, cancellationToken);
    }

    /// <param name="speed">1 is the voice's own.</param>
    /// <returns>At <see cref="Rate"/>.</returns>
    /// <exception cref="Problem">429 when too many wait, 502 or 504 when the program fails or takes too long.</exception>
    public async Task<WavAudio> SpeakAsync(string text, string voice, double speed, CancellationToken cancellationToken)
    {
        var program = _speaking ?? throw Unavailable(Speaks, SpeaksPackages);
        return await InSlotAsync(async () =>
        {
            using var words = Write(".txt", System.Text.Encoding.ASCII.GetBytes(Readable(text)));
            using var wav = Write(".wav", []);
            var stretch = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"duration_stretch={1 / speed:0.####}");
            await ChildProgram.RunAsync(program, ["-voice", voice, "--setf", stretch, "-f", words.Path, "-o", wav.Path], TimeSpan.FromSeconds(60), _clock, cancellationToken);
            var file = await File.ReadAllBytesAsync(wav.Path, cancellationToken);
            return file.Length > 44 ? Resampler.To(WavAudio.Read(file, int.MaxValue), Rate) : throw InferenceProblems.SpeechFailed.Because("flite found nothing to say in the text.");
        }, cancellationToken);
    }

    /// <summary>What the voices can read: ASCII. Typographic marks become plain ones, Latin letters lose their accents, everything else is a blank.</summary>
    public static string Readable(string text) => string.Create(text.Length, text, static (plain, raw) =>
    {
        for (var i = 0; i < raw.Length; i++)
        {
            var place = Accented.IndexOf(char.ToLowerInvariant(raw[i]));
            plain[i] = char.IsAscii(raw[i]) ? raw[i] : place >= 0 ? Unaccented[place] : ' ';
        }
    });

    public static Problem Unavailable(string model, string packages) => InferenceProblems.SpeechUnavailable.Because($"The model '{model}' needs the Debian packages: {packages}.");

    public void Dispose() => _slots.Dispose();

    private async Task<T> InSlotAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > WaitingMax + Environment.ProcessorCount)
        {
            Interlocked.Decrement(ref _waiting);
            throw InferenceProblems.SpeechBusy.Because($"More than {WaitingMax} requests wait already.");
        }
        try
        {
            await _slots.WaitAsync(cancellationToken);
            try
            {
                return await work();
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private TemporaryFile Write(string ending, byte[] bytes)
    {
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, Ids.New(_clock) + ending);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(bytes);
        return new TemporaryFile(path);
    }

    /// <summary>A process that was killed could not delete its files; no request takes an hour.</summary>
    private void DeleteLeftOvers()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (var file in Directory.EnumerateFiles(_folder))
            if (_clock.GetUtcNow() - File.GetLastWriteTimeUtc(file) > TimeSpan.FromHours(1)) File.Delete(file);
    }

    private static string? Locate(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private sealed class TemporaryFile(string path) : IDisposable
    {
        public string Path => path;

        public void Dispose() => File.Delete(path);
    }
}
