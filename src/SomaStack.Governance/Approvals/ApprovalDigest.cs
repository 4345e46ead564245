using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>The one number that stands for an exact action; pure.</summary>
internal static class ApprovalDigest
{
    /// <summary>Enough for every action that a person can judge, however its writer escapes it.</summary>
    public const int ArgumentsMax = 256 * 1024;

    /// <summary>The RFC 8785 form of the arguments.</summary>
    /// <exception cref="Problem">422: duplicate keys, lone surrogates, too deep, too long, or a number that RFC 8785 would round.</exception>
    public static string Canonical(string arguments)
    {
        if (arguments.Length > ArgumentsMax) throw Problem.Invalid("arguments", $"must have at most {ArgumentsMax} characters");
        try
        {
            using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { MaxDepth = CanonicalJson.MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FormatException("They are no JSON object.");
            RefuseRounding(document.RootElement);
            return Encoding.UTF8.GetString(CanonicalJson.Serialize(document.RootElement));
        }
        catch (Exception exception) when (exception is FormatException or JsonException or ArgumentException)
        {
            throw Problem.Invalid("arguments", "have no canonical form: " + exception.Message);
        }
    }

    /// <param name="canonical">The arguments as <see cref="Canonical"/> gives them.</param>
    public static string Of(string tenant, string requester, ApprovalRequest request, string canonical)
    {
        var bytes = new ArrayBufferWriter<byte>(canonical.Length + 512);
        // Members in the order of RFC 8785, so that anybody can recompute it from one JSON object.
        bytes.Write("{\"arguments\":"u8);
        bytes.Write(Encoding.UTF8.GetBytes(canonical));
        Member(bytes, "capability", request.Capability);
        Member(bytes, "constitution_hash", request.ConstitutionHash);
        Member(bytes, "kind", request.Kind);
        bytes.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"policy_version\":{request.PolicyVersion}")));
        Member(bytes, "requester", requester);
        Member(bytes, "resource", request.Resource);
        Member(bytes, "session", request.Session);
        bytes.Write(request.StepUp ? ",\"step_up\":true"u8 : ",\"step_up\":false"u8);
        Member(bytes, "tenant", tenant);
        bytes.Write("}"u8);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan));
    }

    private static void Member(ArrayBufferWriter<byte> bytes, string name, string? value)
    {
        bytes.Write(Encoding.ASCII.GetBytes($",\"{name}\":"));
        if (value is null) bytes.Write("null"u8);
        else CanonicalJson.WriteString(value, bytes);
    }

    /// <summary>
    /// RFC 8785 reads numbers as doubles, so 9007199254740993 and …992 would be one action. What a double does not hold exactly as it is
    /// written is refused; whoever needs such a number sends it as a string.
    /// </summary>
    private static void RefuseRounding(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject()) RefuseRounding(member.Value);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) RefuseRounding(item);
                break;
            case JsonValueKind.Number:
                var raw = value.GetRawText();
                if (!value.TryGetDouble(out var number) || !double.IsFinite(number) || Parts(raw) != Parts(CanonicalJson.Number(number)))
                    throw new FormatException($"The number {(raw.Length <= 40 ? raw : raw[..40] + "…")} would be rounded; send it as a string.");
                break;
        }
    }

    /// <summary>Sign, digits without zeros at either end, and the power of ten of the last one: equal for equal decimal values.</summary>
    private static (bool Negative, string Digits, BigInteger Exponent) Parts(string number)
    {
        var e = number.AsSpan().IndexOfAny('e', 'E');
        var mantissa = (e < 0 ? number : number[..e]).TrimStart('-');
        var exponent = e < 0 ? BigInteger.Zero : BigInteger.Parse(number.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0) exponent -= mantissa.Length - point - 1;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        var trimmed = digits.TrimEnd('0');
        return trimmed.Length == 0 ? (false, "", 0) : (number[0] == '-', trimmed, exponent + digits.Length - trimmed.Length);
    }
}
