using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>Says in our words what the framework found wrong with a request; type names and sent values stay out of it.</summary>
internal static partial class BadInput
{
    /// <param name="inPath">Whether a parameter is part of the path: what has the wrong form there names nothing.</param>
    public static Problem Of(BadHttpRequestException exception, Func<string, bool>? inPath = null) => exception switch
    {
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } => PlatformProblems.UnsupportedMedia.Because("This route reads application/json.", exception),
        { StatusCode: StatusCodes.Status408RequestTimeout } => EdgeProblems.SlowRequest.Because("The body arrived too slowly.", exception),
        { InnerException: JsonException json } => OfJson(json),
        _ => OfParameter(exception, inPath),
    };

    /// <summary>Text that is no JSON is 400; JSON of the wrong shape is 422 and names the field.</summary>
    public static Problem OfJson(JsonException exception)
    {
        // The reader's own exception type is internal; it is the one that knows where the text broke off.
        if (exception.InnerException is JsonException { LineNumber: { } line, BytePositionInLine: { } column } || IsReaderError(exception, out line, out column))
            return PlatformProblems.MalformedRequest.Because($"The body is not valid JSON at line {line + 1}, byte {column + 1}.", exception);
        if (Missing().Match(exception.Message) is { Success: true } missing)
        {
            var names = Quoted().Matches(missing.Groups["names"].Value).Select(match => Join(exception.Path, match.Groups[1].Value)).ToList();
            return Refuse(names, "is required", exception);
        }
        if (Unmapped().Match(exception.Message) is { Success: true } unmapped)
        {
            var field = Path(exception.Path, unmapped.Groups["name"].Value);
            return new Problem(PlatformProblems.UnknownField, $"'{field}' is not a field of this request.", exception) { Errors = [new FieldError(field, "is not known")] };
        }
        if (Null().Match(exception.Message) is { Success: true } missingValue)
            return Refuse([Path(exception.Path, JsonNamingPolicy.SnakeCaseLower.ConvertName(missingValue.Groups["name"].Value))], "must not be null", exception);
        if (exception.Message == HttpJson.NullElement) return Refuse([Field(LastIndex().Replace(exception.Path ?? "", ""))], "must not hold null", exception);
        if (exception.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
            return PlatformProblems.MalformedRequest.Because($"A field occurs twice at {Field(exception.Path)}.", exception);
        return Refuse([Field(exception.Path)], "has the wrong type or form", exception);
    }

    private static bool IsReaderError(JsonException exception, out long line, out long column)
    {
        (line, column) = (exception.LineNumber ?? 0, exception.BytePositionInLine ?? 0);
        return exception.InnerException is null && exception.GetType() != typeof(JsonException);
    }

    private static Problem OfParameter(BadHttpRequestException exception, Func<string, bool>? inPath) =>
        Parameter().Match(exception.Message) is { Success: true } match
            ? inPath?.Invoke(match.Groups["name"].Value) == true ? PlatformProblems.NotFound.Because("Nothing here has this id.", exception) : Refuse([match.Groups["name"].Value], match.Groups["verb"].Value == "Required" ? "is required" : "has the wrong type or form", exception)
            : PlatformProblems.MalformedRequest.Because(
                exception.Message.Contains("body", StringComparison.OrdinalIgnoreCase) ? "A JSON body is needed." : "The request is not valid HTTP.", exception);

    private static Problem Refuse(IReadOnlyList<string> fields, string complaint, Exception cause) =>
        new(PlatformProblems.InvalidRequest, string.Join(" ", fields.Select(field => $"'{field}' {complaint}.")), cause)
        {
            Errors = [.. fields.Select(field => new FieldError(field, complaint))],
        };

    /// <summary><c>$.a[0].b</c> as <c>a[0].b</c>; the body itself is <c>body</c>. Names that callers chose are cut.</summary>
    private static string Field(string? path)
    {
        if (path is null or "$" or "") return "body";
        var field = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path[1..];
        return field.Length <= 200 ? field : field[..200] + "…";
    }

    private static string Join(string? path, string name) => Field(path) is "body" ? name : $"{Field(path)}.{name}";

    /// <summary>The path may or may not end with the name already.</summary>
    private static string Path(string? path, string name) => Field(path) is var field && (field == name || field.EndsWith("." + name, StringComparison.Ordinal)) ? field : Field(Join(path, name).Insert(0, "$."));

    /// <summary>The serializer counts the elements it has read: the number is no element at fault. Of what came as a stream it tells none.</summary>
    [GeneratedRegex(@"\[\d+\]$", RegexOptions.CultureInvariant)]
    private static partial Regex LastIndex();

    [GeneratedRegex("missing required properties including: (?<names>.*)", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Missing();

    [GeneratedRegex("'([^']*)'", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();

    [GeneratedRegex("^The JSON property '(?<name>.*?)' could not be mapped to any .NET member", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Unmapped();

    [GeneratedRegex("^The (?:property or field|constructor parameter) '(?<name>[^']*)' on type .* null values", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Null();

    [GeneratedRegex("^(?<verb>Required|Failed to bind) parameter \"(?:[^\"]* )?(?<name>\\w+)\"", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
