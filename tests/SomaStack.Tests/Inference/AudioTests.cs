using SomaStack.Bench;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class AudioTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        var tone = Tone(16_000, 440, 0.5);
        var read = WavAudio.Read(tone.Write(), 600);
        Assert.Equal((16_000, tone.Samples.Length), (read.Rate, read.Samples.Length));
        for (var i = 0; i < tone.Samples.Length; i++) Assert.Equal(tone.Samples[i], read.Samples[i], 1 / 32768f);
        Assert.Equal(tone.Write()[44..], tone.WritePcm());
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(1, 16)]
    [InlineData(1, 24)]
    [InlineData(1, 32)]
    [InlineData(3, 32)]
    [InlineData(0xFFFE, 24)]
    public void Every_listed_form_is_read_and_channels_are_averaged(int format, int bits)
    {
        var (left, right) = (0.5f, -0.25f);
        using var data = new MemoryStream();
        for (var frame = 0; frame < 100; frame++)
            foreach (var value in new[] { left, right })
            {
                if (format == 3) data.Write(BitConverter.GetBytes(value));
                else if (bits == 8) data.WriteByte((byte)(128 + value * 128));
                else data.Write(BitConverter.GetBytes((int)(value * 2147483648.0) >> 32 - bits).AsSpan(0, bits / 8));
            }
        var read = WavAudio.Read(Wav(format, 2, 44_100, bits, data.ToArray()), 600);
        Assert.Equal((44_100, 100), (read.Rate, read.Samples.Length));
        Assert.All(read.Samples, static sample => Assert.Equal(0.125f, sample, 0.01f));
    }

    [Fact]
    public void A_streamed_files_false_length_and_unknown_chunks_are_taken_as_they_come()
    {
        var file = Wav(1, 1, 8000, 16, new byte[200]);
        BitConverter.GetBytes(uint.MaxValue).CopyTo(file, 40);
        Assert.Equal(100, WavAudio.Read(file, 600).Samples.Length);
        byte[] listed = [.. file[..12], .. "LIST"u8, 3, 0, 0, 0, 1, 2, 3, 0, .. file[12..]];
        Assert.Equal(100, WavAudio.Read(listed, 600).Samples.Length);
    }

    [Fact]
    public void Garbage_is_refused_and_nothing_else_happens()
    {
        var random = new Random(20261123);
        var good = Tone(8000, 300, 0.1).Write();
        for (var i = 0; i < 5000; i++)
        {
            var file = (byte[])good.Clone();
            for (var change = random.Next(1, 6); change > 0; change--) file[random.Next(60)] = (byte)random.Next(256);
            file = file[..random.Next(file.Length)];
            try
            {
                var audio = WavAudio.Read(file, 600);
                Assert.All(audio.Samples, static sample => Assert.InRange(sample, -1f, 1f));
            }
            catch (Problem problem)
            {
                Assert.True(problem.Code.Code is "audio_unsupported" or "invalid_request", problem.Code.Code);
            }
        }
        Assert.Equal("audio_unsupported", Assert.Throws<Problem>(() => WavAudio.Read("ID3 and so on"u8, 600)).Code.Code);
        Assert.Equal("invalid_request", Assert.Throws<Problem>(() => WavAudio.Read(Tone(8000, 300, 3).Write(), 2)).Code.Code);
    }

    [Theory]
    [InlineData(48_000, 16_000)]
    [InlineData(44_100, 16_000)]
    [InlineData(8_000, 16_000)]
    [InlineData(16_000, 24_000)]
    [InlineData(22_050, 16_000)]
    public void Resampling_keeps_a_tone_and_its_length(int from, int to)
    {
        var result = Resampler.To(Tone(from, 1000, 0.5), to);
        Assert.Equal(to, result.Rate);
        Assert.Equal(0.5, result.Seconds, 3);
        for (var n = 400; n < result.Samples.Length - 400; n++) Assert.Equal(0.5 * Math.Sin(2 * Math.PI * 1000 * n / to), result.Samples[n], 0.002);
    }

    [Fact]
    public void Resampling_downward_folds_nothing_back()
    {
        var result = Resampler.To(Tone(48_000, 11_000, 0.5), 16_000);
        Assert.All(result.Samples[400..^400], static sample => Assert.InRange(Math.Abs(sample), 0, 0.005));
    }

    [Theory]
    [InlineData("my song.mp3", "mysong.mp3")]
    [InlineData("../../etc/passwd", "....etcpasswd")]
    [InlineData("a\"\r\nX-Evil: 1.wav", "aX-Evil1.wav")]
    [InlineData("漢字", "audio.wav")]
    [InlineData(null, "audio.wav")]
    public void A_files_name_is_sent_on_only_as_far_as_it_is_harmless(string? name, string expected) => Assert.Equal(expected, TranscribeAudio.SafeName(name));

    [Fact]
    public void What_voices_cannot_read_becomes_a_blank() => Assert.Equal("It's cafe -   ok?", OfflineSpeech.Readable("It\u2019s caf\u00e9 \u2013 漢字ok?"));

    [Theory]
    [InlineData("the cat sat", "the cat sat", 0)]
    [InlineData("the cat sat", "the bat sat down", 2)]
    [InlineData("the cat sat", "", 3)]
    [InlineData("", "oh no", 2)]
    [InlineData("It's late.", "it's late", 0)]
    public void Word_errors_are_those_of_the_cheapest_alignment(string said, string heard, int errors) => Assert.Equal(errors, TextScores.Levenshtein(WordErrors.Words(heard), WordErrors.Words(said)));

    [Fact]
    public void The_interval_of_the_rate_holds_the_rate_and_follows_its_seed()
    {
        (int, int)[] counts = [(0, 10), (3, 9), (1, 12), (0, 8), (5, 11)];
        var rate = WordErrors.Rate(counts, 4);
        Assert.Equal(0.18, rate.Median);
        Assert.InRange(rate.Median, rate.Min, rate.Max);
        Assert.Equal(rate, WordErrors.Rate(counts, 4));
    }

    private static WavAudio Tone(int rate, double hertz, double seconds) =>
        new(rate, [.. Enumerable.Range(0, (int)(rate * seconds)).Select(n => (float)(0.5 * Math.Sin(2 * Math.PI * hertz * n / rate)))]);

    private static byte[] Wav(int format, int channels, int rate, int bits, byte[] data)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        var extensible = format == 0xFFFE;
        writer.Write("RIFF"u8);
        writer.Write((extensible ? 60 : 36) + data.Length);
        writer.Write("WAVEfmt "u8);
        writer.Write(extensible ? 40 : 16);
        writer.Write((ushort)format);
        writer.Write((ushort)channels);
        writer.Write(rate);
        writer.Write(rate * channels * bits / 8);
        writer.Write((ushort)(channels * bits / 8));
        writer.Write((ushort)bits);
        if (extensible)
        {
            writer.Write((ushort)22);
            writer.Write((ushort)bits);
            writer.Write(3);
            // The sub-format PCM and the fixed rest of its id.
            writer.Write((ushort)1);
            writer.Write(new byte[14]);
        }
        writer.Write("data"u8);
        writer.Write(data.Length);
        writer.Write(data);
        writer.Flush();
        return file.ToArray();
    }
}
