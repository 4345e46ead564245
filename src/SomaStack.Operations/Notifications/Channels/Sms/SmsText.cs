namespace SomaStack.Operations.Notifications;

/// <summary>
/// What a text message holds. One segment has 160 characters of GSM 03.38, or 70 of UTF-16 when any is outside it; of several each has 153 or
/// 67. Messages are cut to <see cref="SegmentsMax"/>, since each segment is paid for.
/// </summary>
internal static class SmsText
{
    public const int SegmentsMax = 3;

    private const string Basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    private const string Extended = "^{}\\[~]|€";

    public static string Of(Notification one, string? link)
    {
        var head = one.Severity is "error" or "critical" ? $"[{one.Severity}] {one.Title}" : one.Title;
        var text = head + (one.Body.Length == 0 ? "" : "\n" + one.Body);
        // The link is what a person needs to act, so the text gives way and not it.
        return link is null || Segments("...\n" + link) > SegmentsMax ? Cut(text, "") : Cut(text, "\n" + link);
    }

    /// <summary>From 1.</summary>
    public static int Segments(string text)
    {
        if (!text.All(static c => Basic.Contains(c) || Extended.Contains(c))) return text.Length <= 70 ? 1 : (text.Length + 66) / 67;
        var length = text.Length + text.Count(static c => Extended.Contains(c));
        return length <= 160 ? 1 : (length + 152) / 153;
    }

    private static string Cut(string text, string tail)
    {
        text = string.Concat(text.Where(static c => c == '\n' || !char.IsControl(c)));
        if (Segments(text + tail) <= SegmentsMax) return text + tail;
        var (fits, over) = (0, text.Length);
        while (over - fits > 1)
        {
            var middle = (fits + over) / 2;
            if (Segments(text[..middle] + "..." + tail) <= SegmentsMax) fits = middle;
            else over = middle;
        }
        if (fits > 0 && char.IsHighSurrogate(text[fits - 1])) fits--;
        return text[..fits] + "..." + tail;
    }
}
