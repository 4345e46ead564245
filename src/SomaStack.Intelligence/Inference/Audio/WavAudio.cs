using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Sound of one channel, samples from -1 to 1, read from and written to RIFF/WAVE. Pure.</summary>
internal sealed record WavAudio(int Rate, float[] Samples)
{
    private const int Pcm = 1;
    private const int Float = 3;
    private const int Extensible = 0xFFFE;
    private const int RateMin = 4_000;
    private const int RateMax = 192_000;
    private const int ChannelsMax = 8;

    public double Seconds => (double)Samples.Length / Rate;

    /// <summary>PCM of 8, 16, 24 or 32 bits or float of 32, up to 8 channels, which are averaged. A length field that promises more than came, as streamed files have it, is not trusted.</summary>
    /// <exception cref="Problem">415 when it is none of these; 422 when it is longer than <paramref name="secondsMax"/>.</exception>
    public static WavAudio Read(ReadOnlySpan<byte> file, int secondsMax)
    {
        if (file.Length < 12 || !file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WAVE"u8)) throw InferenceProblems.AudioUnsupported.Because("This is no WAV file.");
        var rest = file[12..];
        Shape? shape = null;
        while (rest.Length >= 8)
        {
            var id = rest[..4];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            rest = rest[8..];
            var chunk = rest[..(int)Math.Min(length, (uint)rest.Length)];
            if (id.SequenceEqual("fmt "u8)) shape = Shape.Read(chunk);
            else if (id.SequenceEqual("data"u8)) return Decode(shape ?? throw InferenceProblems.AudioUnsupported.Because("The WAV file has sound before it says in which form."), chunk, secondsMax);
            // Chunks begin at even places.
            rest = rest[Math.Min(rest.Length, chunk.Length + (chunk.Length & 1))..];
        }
        throw InferenceProblems.AudioUnsupported.Because("The WAV file has no sound in it.");
    }

    /// <summary>16-bit PCM of one channel.</summary>
    public byte[] Write()
    {
        var file = new byte[44 + Samples.Length * 2];
        var span = file.AsSpan();
        "RIFF"u8.CopyTo(span);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], file.Length - 8);
        "WAVEfmt "u8.CopyTo(span[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(span[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(span[20..], Pcm);
        BinaryPrimitives.WriteInt16LittleEndian(span[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(span[24..], Rate);
        BinaryPrimitives.WriteInt32LittleEndian(span[28..], Rate * 2);
        BinaryPrimitives.WriteInt16LittleEndian(span[32..], 2);
        BinaryPrimitives.WriteInt16LittleEndian(span[34..], 16);
        "data"u8.CopyTo(span[36..]);
        BinaryPrimitives.WriteInt32LittleEndian(span[40..], Samples.Length * 2);
        WritePcm(span[44..]);
        return file;
    }

    /// <summary>The samples alone, 16 bits, little end first.</summary>
    public byte[] WritePcm()
    {
        var bytes = new byte[Samples.Length * 2];
        WritePcm(bytes);
        return bytes;
    }

    private void WritePcm(Span<byte> bytes)
    {
        for (var i = 0; i < Samples.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(i * 2)..], (short)Math.Clamp(MathF.Round(Samples[i] * 32768f), short.MinValue, short.MaxValue));
    }

    private static WavAudio Decode(Shape shape, ReadOnlySpan<byte> data, int secondsMax)
    {
        var width = shape.Bits / 8;
        var frames = data.Length / (width * shape.Channels);
        if (frames == 0) throw InferenceProblems.AudioUnsupported.Because("The WAV file has no sound in it.");
        if (frames / (double)shape.Rate > secondsMax) throw Problem.Invalid("file", $"must be at most {secondsMax} seconds long");
        var samples = new float[frames];
        for (var frame = 0; frame < frames; frame++)
        {
            var sum = 0f;
            for (var channel = 0; channel < shape.Channels; channel++) sum += Sample(data[((frame * shape.Channels + channel) * width)..], shape);
            samples[frame] = sum / shape.Channels;
        }
        return new WavAudio(shape.Rate, samples);
    }

    private static float Sample(ReadOnlySpan<byte> bytes, Shape shape) => (shape.Format, shape.Bits) switch
    {
        (Float, _) => Finite(MemoryMarshal.Read<float>(bytes)),
        (_, 8) => (bytes[0] - 128) / 128f,
        (_, 16) => BinaryPrimitives.ReadInt16LittleEndian(bytes) / 32768f,
        (_, 24) => ((bytes[0] << 8 | bytes[1] << 16 | bytes[2] << 24) >> 8) / 8388608f,
        _ => BinaryPrimitives.ReadInt32LittleEndian(bytes) / 2147483648f,
    };

    private static float Finite(float value) => float.IsFinite(value) ? Math.Clamp(value, -1f, 1f) : 0f;

    private readonly record struct Shape(int Format, int Channels, int Rate, int Bits)
    {
        public static Shape Read(ReadOnlySpan<byte> chunk)
        {
            if (chunk.Length < 16) throw InferenceProblems.AudioUnsupported.Because("The WAV file does not say its form.");
            int format = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
            // The real format is the first field of the sub-format's id.
            if (format == Extensible && chunk.Length >= 26) format = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]);
            var rate = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]));
            var shape = new Shape(format, BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]), rate, BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]));
            var isKnown = shape.Format == Pcm && shape.Bits is 8 or 16 or 24 or 32 || shape is { Format: Float, Bits: 32 };
            if (!isKnown) throw InferenceProblems.AudioUnsupported.Because($"The WAV file holds format {shape.Format} with {shape.Bits} bits; PCM of 8, 16, 24 or 32 bits and float of 32 are read.");
            if (shape.Channels is < 1 or > ChannelsMax || shape.Rate is < RateMin or > RateMax)
                throw InferenceProblems.AudioUnsupported.Because($"The WAV file has {shape.Channels} channels at {shape.Rate} Hz; 1 to {ChannelsMax} channels at {RateMin} to {RateMax} Hz are read.");
            return shape;
        }
    }
}
