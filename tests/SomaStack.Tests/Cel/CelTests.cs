using System.Text.Json;
using CsCheck;
using SomaStack.Platform.Cel;

namespace SomaStack.Tests.Cel;

public sealed class CelTests
{
    private static readonly string[] Pieces =
    [
        "a", "b.c", "x", "1", "2u", "1.5", "'t'", "b'b'", "true", "null", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?", "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "!",
        " in ", "has(", ".all(x, ", ".exists(x, ", ".map(x, ", ".filter(x, ", "size(", "'", "\"", "\\", "'''", "r'", "0x", "1e", "é", "\ud800", "\n", "//", "matches(", "timestamp('", "duration('1h')", "dyn(", "type(",
    ];

    [Fact]
    public void Random_text_is_read_or_refused_with_a_place_and_never_anything_else()
    {
        var known = 0;
        Gen.OneOf(Gen.String, AnyOf(Pieces).Array[0, 40].Select(static parts => string.Concat(parts)), AnyOf(Pieces).Array[0, 12].Select(static parts => string.Join(' ', parts))).Sample(
            text =>
            {
                try
                {
                    var program = CelProgram.Compile(text, Environment(), check: false);
                    program.Evaluate(new Frame(program.Slots));
                    Interlocked.Increment(ref known);
                    CelProgram.Compile(text, Environment());
                }
                catch (CelException exception)
                {
                    Assert.InRange(exception.Line, 1, text.Count(static c => c == '\n') + 1);
                    Assert.InRange(exception.Column, 1, text.Length + 1);
                }
                catch (CelCostException)
                {
                    // Allowed: the bound is what the next tests are about.
                }
            },
            iter: 60_000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
        Assert.True(known > 500, $"Only {known} texts were expressions.");
    }

    [Fact]
    public void What_passes_the_checker_has_the_type_it_says_or_an_error_but_no_unknown_name()
    {
        var right = 0;
        Expressions(4).Sample(
            text =>
            {
                CelProgram program;
                try
                {
                    program = CelProgram.Compile(text, Environment());
                }
                catch (CelException)
                {
                    return;
                }
                var value = program.Evaluate(Filled(program));
                if (value.IsError) Assert.NotEqual("unbound", value.Fault.Code);
                else if (program.Type.Kind is not (TypeKind.Dyn or TypeKind.Open))
                {
                    Assert.True(value.Kind.ToString() == program.Type.Kind.ToString(), $"{text} is {value.Kind}, not {program.Type}");
                    Interlocked.Increment(ref right);
                }
            },
            iter: 60_000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
        Assert.True(right > 2000, $"Only {right} expressions had a value of a known type.");
    }

    [Theory]
    [InlineData("l.all(a, l.all(b, l.all(c, a + b + c >= 0)))")]
    [InlineData("l.map(a, l.map(b, l)).size() > 0")]
    [InlineData("l.exists(a, s.contains(s + 'x'))")]
    [InlineData("l.exists(a, s.matches('(a|aa)+b$')) || true")]
    [InlineData("l.all(a, l == l)")]
    [InlineData("l.map(a, s + s).size() > 0")]
    [InlineData("l.all(a, s.matches(s))")]
    public void More_work_than_the_bound_is_refused_and_not_absorbed(string text)
    {
        var environment = new CelEnvironment();
        environment.Declare("l", CelType.List(CelType.Int));
        environment.Declare("s", CelType.String);
        var program = CelProgram.Compile(text, environment);
        var frame = new Frame(program.Slots);
        frame.Slots[0] = Value.Of(new CelList([.. Enumerable.Range(0, 1000).Select(static i => Value.Of((long)i))]));
        frame.Slots[1] = Value.Of(new string('a', 20_000));
        Assert.Throws<CelCostException>(() => program.Evaluate(frame));
    }

    [Fact]
    public void Depth_and_length_are_bounded_and_long_flat_expressions_are_not_deep()
    {
        static string Times(int count, string part) => string.Concat(Enumerable.Repeat(part, count));
        foreach (var deep in new[]
        {
            Times(400, "(") + "1" + Times(400, ")"), Times(400, "["), Times(400, "!") + "true", Times(400, "1+") + "1", "a" + Times(400, ".b"), Times(400, "true?1:") + "1", Times(300, "[1].map(x,"),
        })
            Assert.Contains("deep", Assert.Throws<CelException>(() => CelProgram.Compile(deep, Environment(), check: false)).Message, StringComparison.Ordinal);
        Assert.Contains("characters", Assert.Throws<CelException>(() => Parser.Parse(new string(' ', CelLimits.Source + 1))).Message, StringComparison.Ordinal);
        var flat = CelProgram.Compile(string.Concat(Enumerable.Repeat("false||", 1000)) + "true", Environment());
        Assert.Equal(Truth.True, flat.Test(new Frame(flat.Slots)));
    }

    [Theory]
    [InlineData("b.d == 1", 1, 1, "'b.d' is not known")]
    [InlineData("true &&\n  a.size() > 0", 2, 4, "does not exist for int")]
    [InlineData("a + 'x' == 'y'", 1, 3, "'+' does not exist for int, string")]
    [InlineData("a == 'x'", 1, 3, "int, string")]
    [InlineData("a", 1, 1, "")]
    [InlineData("[1].all(x, x)", 1, 12, "A bool is needed here")]
    [InlineData("e.kin == 'x'", 1, 2, "'event' has no 'kin'")]
    [InlineData("'x'.matches('(')", 1, 13, "The pattern lacks a ')'")]
    [InlineData("'x'.matches('(?=a)')", 1, 13, "not understood")]
    [InlineData("nothing(1)", 1, 1, "There is no function 'nothing'")]
    [InlineData("Message{a: 1}", 1, 8, "Messages of protobuf")]
    [InlineData("1 +", 1, 4, "ends too early")]
    [InlineData("'abc", 1, 1, "closing quote")]
    [InlineData("for + 1", 1, 1, "reserved")]
    public void Mistakes_are_named_with_their_place(string text, int line, int column, string part)
    {
        if (part.Length == 0)
        {
            Assert.Equal(TypeKind.Int, CelProgram.Compile(text, Environment()).Type.Kind);
            return;
        }
        var exception = Assert.Throws<CelException>(() => CelProgram.Compile(text, Environment()));
        Assert.Contains(part, exception.Problem, StringComparison.Ordinal);
        Assert.Equal((line, column), (exception.Line, exception.Column));
    }

    [Fact]
    public void Json_is_read_where_it_lies_and_texts_of_one_canonical_form_are_one()
    {
        var environment = new CelEnvironment();
        environment.Declare("args", CelType.Dyn);
        foreach (var json in new[] { """{"a":1,"b":[{"c":"x"},null,true],"é":{}}""", """{ "é":{}, "b":[{"c":"\u0078"},null,true],"a":1.0 }""" })
        {
            using var document = JsonDocument.Parse(json);
            foreach (var (text, expected) in new[]
            {
                ("args.a == 1 && args.a == 1.0 && args['a'] < 2u && type(args.a) == double", true), ("args.b[0].c == 'x' && args.b[1] == null && args.b[2]", true), ("has(args.b) && !has(args.c)", true),
                ("args.map(k, k) == ['a', 'b', 'é']", true), ("args.size() == 3 && 'a' in args && !('z' in args)", true), ("args.b.exists(x, x.c == 'x')", true), ("args == {'a': 1, 'b': [{'c': 'x'}, null, true], 'é': {}}", true),
            })
            {
                var program = CelProgram.Compile(text, environment);
                var frame = new Frame(program.Slots);
                frame.Slots[0] = JsonMap.From(document.RootElement, frame);
                Assert.Equal(expected, program.Test(frame) == Truth.True);
            }
        }
    }

    private static Gen<string> AnyOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static CelEnvironment Environment()
    {
        var environment = new CelEnvironment();
        environment.Declare("a", CelType.Int);
        environment.Declare("b.c", CelType.String);
        environment.Declare("e", CelType.Record("event", new Dictionary<string, CelType> { ["kind"] = CelType.String }));
        environment.Declare("l", CelType.List(CelType.Int));
        return environment;
    }

    private static Frame Filled(CelProgram program)
    {
        var frame = new Frame(program.Slots);
        frame.Slots[0] = Value.Of(3L);
        frame.Slots[1] = Value.Of("text");
        frame.Slots[2] = Value.Of(new WrittenMap(0));
        frame.Slots[3] = Value.Of(new CelList([Value.Of(0L), Value.Of(7L)]));
        return frame;
    }

    /// <summary>Well-formed expressions, most of them well typed in places.</summary>
    private static Gen<string> Expressions(int depth)
    {
        var leaf = AnyOf("a", "b.c", "l", "1", "0", "2u", "1.5", "'t'", "''", "true", "false", "null", "[]", "{}", "duration('1s')", "timestamp(0)", "b'x'");
        if (depth == 0) return leaf;
        var below = Expressions(depth - 1);
        return Gen.OneOf(
            leaf,
            Gen.Select(below, AnyOf("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"), below, static (x, sign, y) => $"({x} {sign} {y})"),
            Gen.Select(AnyOf("size", "string", "int", "type", "!", "-", "double"), below, static (name, x) => $"{name}({x})"),
            Gen.Select(below, below, below, static (c, x, y) => $"({c} ? {x} : {y})"),
            Gen.Select(below, AnyOf("all", "exists", "exists_one", "map", "filter"), AnyOf("x > 0", "x == x", "x", "string(x)", "x + x"), static (x, name, body) => $"({x}).{name}(x, {body})"),
            Gen.Select(below, below, static (x, y) => $"[{x}, {y}]"), Gen.Select(below, below, static (x, y) => $"({x})[{y}]"), Gen.Select(below, below, static (x, y) => $"{{{x}: {y}}}"),
            Gen.Select(below, AnyOf("contains", "startsWith", "endsWith", "matches"), below, static (x, name, y) => $"({x}).{name}({y})"));
    }
}
