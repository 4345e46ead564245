using System.Globalization;
using SomaStack.Platform.Cel;

namespace SomaStack.Tests.Cel;

/// <summary>One case of the conformance suite (cel-spec, tests/simple).</summary>
internal sealed record ConformanceCase(string File, string Section, string Name, TextMessage Test)
{
    /// <summary>Words that only protobuf messages bring into an expression.</summary>
    private static readonly string[] MessageWords = ["TestAllTypes", "google.protobuf.Any", "google.protobuf.Value", "Value{", "google.protobuf.Struct", "google.protobuf.ListValue"];

    public string Id => $"{File}/{Section}/{Name}";

    public string Expression => Test.Text("expr")!;

    public static List<ConformanceCase> Read(string folder)
    {
        var cases = new List<ConformanceCase>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.textproto").Order(StringComparer.Ordinal))
        {
            var file = Path.GetFileNameWithoutExtension(path);
            foreach (var section in Textproto.Read(System.IO.File.ReadAllText(path)).Messages("section"))
                cases.AddRange(section.Messages("test").Select(test => new ConformanceCase(file, section.Text("name")!, test.Text("name")!, test)));
        }
        return cases;
    }

    /// <summary>Why the case cannot be run here; null when it can.</summary>
    public string? Skipped()
    {
        if (Array.Find(MessageWords, word => Expression.Contains(word, StringComparison.Ordinal)) is not null) return "needs messages of protobuf";
        // The words of the whitespace and comment cases stand apart.
        return Expression.Contains("TestAllTypes", StringComparison.Ordinal) || Expression.Contains("proto3", StringComparison.Ordinal) ? "needs messages of protobuf" : null;
    }

    /// <summary>What is wrong; null when the case passes.</summary>
    public string? Fault()
    {
        var environment = new CelEnvironment();
        foreach (var declaration in Test.Messages("type_env"))
            if (declaration.Text("name") is not ("true" or "false" or "null")) environment.Declare(declaration.Text("name")!, TypeOf(declaration.Message("ident")!.Message("type")!));
        var bindings = new List<(int Slot, Value Value)>();
        foreach (var binding in Test.Messages("bindings"))
        {
            var name = binding.Text("key")!;
            if (!environment.TryFind(name, out var variable)) variable.Slot = environment.Declare(name, CelType.Dyn);
            bindings.Add((variable.Slot, ValueOf(binding.Message("value")!.Message("value")!)));
        }
        Value found;
        try
        {
            var program = CelProgram.Compile(Expression, environment, check: Test.Text("disable_check") != "true");
            var frame = new Frame(program.Slots);
            foreach (var (slot, value) in bindings) frame.Slots[slot] = value;
            found = program.Evaluate(frame);
        }
        catch (CelException exception)
        {
            return exception.Message;
        }
        if (Test.Has("eval_error")) return found.IsError ? null : $"an error was expected, not {Show(found)}";
        var expected = ValueOf(Test.Message("value")!);
        return IsExactly(expected, found) ? null : $"{Show(expected)} was expected, not {Show(found)}";
    }

    /// <summary>Equal in type and value, down to the parts; NaN is NaN.</summary>
    private static bool IsExactly(Value a, Value b)
    {
        if (a.Kind != b.Kind) return false;
        if (a.Kind == ValueKind.Double && double.IsNaN(a.Double)) return double.IsNaN(b.Double);
        if (a.Kind != ValueKind.List) return Value.Same(a, b, new Frame(0));
        if (a.List.Count != b.List.Count) return false;
        for (var i = 0; i < a.List.Count; i++)
            if (!IsExactly(a.List.Items[i], b.List.Items[i])) return false;
        return true;
    }

    internal static string Show(Value value) => value.Kind switch
    {
        ValueKind.Error => $"error {value.Fault.Code}",
        ValueKind.List => "[" + string.Join(", ", value.List.Items.ToArray().Select(Show)) + "]",
        ValueKind.Bytes => Convert.ToHexString(value.Bytes),
        ValueKind.Type => value.Text,
        ValueKind.Map => $"map of {value.Map.Count}",
        _ => $"{value.TypeName} {Conversions.ToText(new Frame(0), value) switch { { Kind: ValueKind.String } text => text.Text, _ => "" }}",
    };

    private static Value ValueOf(TextMessage message)
    {
        var (kind, value) = message.Fields.First();
        switch (kind)
        {
            case "int64_value": return Value.Of(long.Parse((string)value, CultureInfo.InvariantCulture));
            case "uint64_value": return Value.Of(ulong.Parse((string)value, CultureInfo.InvariantCulture));
            case "double_value": return Value.Of(DoubleOf((string)value));
            case "string_value": return Value.Of(message.Text(kind)!);
            case "bytes_value": return Value.Of(message.Bytes(kind));
            case "bool_value": return Value.Of((string)value == "true");
            case "null_value": return Value.Null;
            case "type_value": return Value.Type(message.Text(kind)!);
            case "list_value": return Value.Of(new CelList([.. ((TextMessage)value).Messages("values").Select(ValueOf)]));
            case "map_value":
                var map = new WrittenMap(4);
                foreach (var entry in ((TextMessage)value).Messages("entries")) Assert.Null(map.Add(ValueOf(entry.Message("key")!), ValueOf(entry.Message("value")!)));
                return Value.Of(map);
            case "object_value" when ((TextMessage)value).Fields.First() is ("type.googleapis.com/google.protobuf.Duration", TextMessage duration):
                return Value.Duration(long.Parse(duration.Text("seconds")!, CultureInfo.InvariantCulture) * 1_000_000_000 + long.Parse(duration.Text("nanos") ?? "0", CultureInfo.InvariantCulture));
            default: throw new NotSupportedException($"A value of the kind {kind} is not read here.");
        }
    }

    private static double DoubleOf(string text) => text.ToLowerInvariant() switch
    {
        "inf" or "infinity" => double.PositiveInfinity,
        "-inf" or "-infinity" => double.NegativeInfinity,
        "nan" => double.NaN,
        var number => double.Parse(number, CultureInfo.InvariantCulture),
    };

    private static CelType TypeOf(TextMessage type)
    {
        var (kind, value) = type.Fields.First();
        return (kind, value) switch
        {
            ("primitive", "INT64") => CelType.Int,
            ("primitive", "UINT64") => CelType.Uint,
            ("primitive", "DOUBLE") => CelType.Double,
            ("primitive", "STRING") => CelType.String,
            ("primitive", "BYTES") => CelType.Bytes,
            ("primitive", "BOOL") => CelType.Bool,
            ("null", _) => CelType.Null,
            ("list_type", TextMessage list) => CelType.List(TypeOf(list.Message("elem_type")!)),
            ("map_type", TextMessage map) => CelType.Map(TypeOf(map.Message("key_type")!), TypeOf(map.Message("value_type")!)),
            ("message_type", byte[]) when type.Text(kind) == "google.protobuf.Duration" => CelType.Duration,
            ("message_type", byte[]) when type.Text(kind) == "google.protobuf.Timestamp" => CelType.Timestamp,
            _ => throw new NotSupportedException($"A type of the kind {kind} is not read here."),
        };
    }
}
