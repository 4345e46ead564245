using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A JSON Schema 2020-12 that was compiled once. Everything about it is bounded, since whoever publishes a tool writes it: its size, depth and
/// number of schemas, the steps of one check, and patterns, which run in linear time. References lead nowhere outside the document.
/// Formats are annotations, as the standard has them by default.
/// </summary>
internal sealed class ActionSchema
{
    public const int BytesMax = 128 << 10;
    public const int NodesMax = 4000;
    public const int DepthMax = 40;

    /// <summary>Of one check: schemas entered and items compared.</summary>
    public const int StepsMax = 200_000;

    /// <summary>Schemas inside each other while checking, references followed included: what goes round in circles ends here.</summary>
    public const int NestingMax = 160;

    private readonly SchemaNode _root;
    private readonly bool _tracks;

    private ActionSchema(SchemaNode root, bool tracks) => (_root, _tracks) = (root, tracks);

    /// <summary>What is wrong with the schema; empty when nothing is.</summary>
    /// <param name="at">JSON pointer of the schema.</param>
    public static IReadOnlyList<FieldError> Faults(JsonElement schema, string at)
    {
        var errors = new List<FieldError>();
        _ = Compile(schema, at, errors);
        return errors;
    }

    /// <exception cref="FormatException">It has faults.</exception>
    public static ActionSchema Compile(JsonElement schema)
    {
        var errors = new List<FieldError>();
        return Compile(schema, "", errors) ?? throw new FormatException($"'{errors[0].Field}' {errors[0].Message}");
    }

    /// <returns>What does not fit, by JSON pointers into the value; empty when it fits. At most twenty.</returns>
    /// <exception cref="Problem">422 <c>tool_arguments_too_complex</c>.</exception>
    public IReadOnlyList<FieldError> Check(JsonElement value)
    {
        var run = new SchemaRun(_tracks);
        run.Check(_root, value);
        return run.Errors;
    }

    private static ActionSchema? Compile(JsonElement schema, string at, List<FieldError> errors)
    {
        if (schema.GetRawText().Length > BytesMax)
        {
            errors.Add(new FieldError(at.Length == 0 ? "/" : at, $"has more than {BytesMax} characters"));
            return null;
        }
        var compiler = new SchemaCompiler(schema, at, errors);
        var root = compiler.Run();
        return errors.Count == 0 ? new ActionSchema(root, compiler.Tracks) : null;
    }
}
