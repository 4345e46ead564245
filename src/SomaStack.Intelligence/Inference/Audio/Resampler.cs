using System.Numerics.Tensors;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Changes the rate of sound by a Hann-windowed sinc of 16 zero crossings a side, one filter for each phase between the two rates; each filter
/// passes a constant unchanged. Downward it cuts off a little below the new half rate, so that nothing is folded back. Pure.
/// </summary>
internal static class Resampler
{
    private const int Crossings = 16;

    /// <summary>Of the new half rate, for the width of the filter's slope.</summary>
    private const double Margin = 0.92;

    public static WavAudio To(WavAudio audio, int rate)
    {
        if (audio.Rate == rate) return audio;
        var divisor = Divisor(audio.Rate, rate);
        var (up, down) = (rate / divisor, audio.Rate / divisor);
        var cutoff = rate < audio.Rate ? Margin * rate / audio.Rate : 1.0;
        var half = (int)Math.Ceiling(Crossings / cutoff);
        var filters = Filters(up, cutoff, half);
        var padded = new float[audio.Samples.Length + 2 * half];
        audio.Samples.CopyTo(padded, half - 1);
        var samples = new float[(int)(((long)audio.Samples.Length * up + down - 1) / down)];
        for (var n = 0; n < samples.Length; n++)
        {
            var place = (long)n * down;
            samples[n] = TensorPrimitives.Dot(padded.AsSpan((int)(place / up), 2 * half), filters.AsSpan((int)(place % up) * 2 * half, 2 * half));
        }
        return new WavAudio(rate, samples);
    }

    /// <summary>For each phase p the weights of the 2·half samples around a point that lies p/up behind a sample.</summary>
    private static float[] Filters(int up, double cutoff, int half)
    {
        var filters = new float[up * 2 * half];
        var weights = new double[2 * half];
        for (var phase = 0; phase < up; phase++)
        {
            var sum = 0.0;
            for (var k = 0; k < weights.Length; k++)
            {
                var distance = k - half + 1 - (double)phase / up;
                var window = Math.Abs(distance) >= half ? 0 : 0.5 + 0.5 * Math.Cos(Math.PI * distance / half);
                sum += weights[k] = window * Sinc(cutoff * distance);
            }
            for (var k = 0; k < weights.Length; k++) filters[phase * weights.Length + k] = (float)(weights[k] / sum);
        }
        return filters;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    private static int Divisor(int a, int b) => b == 0 ? a : Divisor(b, a % b);
}
