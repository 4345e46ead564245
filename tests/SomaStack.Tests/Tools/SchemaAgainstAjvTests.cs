using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Tools;

namespace SomaStack.Tests.Tools;

/// <summary>
/// Random schemas and values, judged here and by Ajv (npm, draft 2020-12): two implementations that share nothing must agree. Ajv is installed
/// into <c>artifacts</c>, as a developer's tool; nothing of it is shipped. The unevaluated keywords are not among them: Ajv counts what a branch of
/// <c>oneOf</c> saw although the <c>anyOf</c> around it failed (seed 227007522). Nor is <c>contains</c> asked of an empty array: Ajv then goes by what it
/// found in the array before, or skips the keyword where <c>prefixItems</c> stands beside it (seeds 33 and 28). The table of keywords holds those.
/// </summary>
public sealed class SchemaAgainstAjvTests
{
    private const int Cases = 1000;
    private const string Package = "ajv@8.17.1";

    private const string Script = """
        const Ajv = require('ajv/dist/2020'); const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(x => x);
        for (const line of lines) { const [schema, value] = JSON.parse(line); let said;
          try { said = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema)(value) ? '1' : '0'; } catch (e) { said = 'x' + e.message.replace(/\n/g, ' '); }
          console.log(said); }
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_say_the_same_of_random_schemas_and_values()
    {
        var folder = Path.Combine(Root(), "artifacts", "ajv");
        Directory.CreateDirectory(folder);
        if (!File.Exists(Path.Combine(folder, "node_modules", "ajv", "package.json")))
        {
            var installed = await RunAsync("npm", ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", Package], null, folder);
            Assert.SkipWhen(installed is not { Exit: 0 }, "Ajv could not be installed from npm: " + (installed?.Output ?? "there is no npm here."));
        }
        var seed = Environment.GetEnvironmentVariable("SOMA_TEST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Generator(new Random(seed));
        var cases = Enumerable.Range(0, Cases).Select(_ => (Schema: random.Schema(3), Value: random.Value(3))).ToList();
        var judged = await RunAsync("node", ["-e", Script], string.Join('\n', cases.Select(one => new JsonArray(one.Schema.DeepClone(), one.Value?.DeepClone()).ToJsonString())), folder);
        var verdicts = judged!.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Cases, verdicts.Length);
        var (fits, differ) = (0, new List<string>());
        for (var i = 0; i < Cases; i++)
        {
            if (verdicts[i].StartsWith('x')) continue;
            var (schema, value) = (cases[i].Schema.ToJsonString(), cases[i].Value?.ToJsonString() ?? "null");
            if (schema.Contains("\"contains\"", StringComparison.Ordinal) && value.Contains("[]", StringComparison.Ordinal)) continue;
            var own = ActionSchema.Compile(JsonElement.Parse(schema)).Check(JsonElement.Parse(value)).Count == 0;
            if (own) fits++;
            if (own != (verdicts[i] == "1")) differ.Add($"{schema} of {value}: here {own}");
        }
        Assert.True(differ.Count == 0, $"seed {seed}, {differ.Count} differ:\n" + string.Join('\n', differ.Take(20)));
        // Else all of them would be trivial.
        Assert.InRange(fits, Cases / 10, Cases * 9 / 10);
        Assert.True(verdicts.Count(static verdict => verdict[0] == 'x') < Cases / 20, string.Join('\n', verdicts.Where(static verdict => verdict[0] == 'x').Take(5)));
    }

    private static async Task<(int Exit, string Output)?> RunAsync(string program, IReadOnlyList<string> arguments, string? input, string folder)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = folder };
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync(Stop);
            await process.StandardInput.WriteAsync(input ?? "");
            process.StandardInput.Close();
            await process.WaitForExitAsync(Stop);
            return (process.ExitCode, await output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run from a checkout.");
    }

    /// <summary>Small alphabets, so that schemas and values meet.</summary>
    private sealed class Generator(Random random)
    {
        private static readonly string[] Names = ["a", "b", "c", "ab"];
        private static readonly string[] Types = ["null", "boolean", "object", "array", "number", "integer", "string"];

        public JsonNode Schema(int depth)
        {
            if (random.Next(12) == 0) return JsonValue.Create(random.Next(3) > 0);
            var schema = new JsonObject();
            for (var count = random.Next(1, 4); count > 0; count--) Keyword(schema, depth);
            return schema;
        }

        public JsonNode? Value(int depth) => random.Next(depth > 0 ? 7 : 5) switch
        {
            0 => null,
            1 => JsonValue.Create(random.Next(2) == 0),
            2 => JsonValue.Create(random.Next(-2, 5)),
            3 => JsonValue.Create(random.Next(-4, 9) / 2.0),
            4 => JsonValue.Create(Text()),
            5 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1))]),
            _ => new JsonObject(Names.Where(_ => random.Next(2) == 0).Select(name => KeyValuePair.Create(name, Value(depth - 1)))),
        };

        private string Text() => new([.. Enumerable.Range(0, random.Next(4)).Select(_ => (char)('a' + random.Next(3)))]);

        private void Keyword(JsonObject schema, int depth)
        {
            switch (random.Next(depth > 0 ? 28 : 14))
            {
                case 0: schema["type"] = Types[random.Next(Types.Length)]; break;
                case 1: schema["type"] = new JsonArray([.. Types.Where(_ => random.Next(2) == 0).DefaultIfEmpty("null").Select(static one => (JsonNode)one)]); break;
                case 2: schema["enum"] = new JsonArray([.. Enumerable.Range(0, 3).Select(_ => Value(1)).DistinctBy(static one => one?.ToJsonString() ?? "null")]); break;
                case 3: schema["const"] = Value(1); break;
                case 4: schema["multipleOf"] = random.Next(1, 4) / 2.0; break;
                case 5: schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = random.Next(-2, 4); break;
                case 6: schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = random.Next(-2, 4); break;
                case 7: schema[random.Next(2) == 0 ? "minLength" : "maxLength"] = random.Next(4); break;
                case 8: schema["pattern"] = (string[])["^a", "b$", "a+b", "[ab]{2}", "^(a|bc)*$"] is var all ? all[random.Next(5)] : ""; break;
                case 9: schema[random.Next(2) == 0 ? "minItems" : "maxItems"] = random.Next(3); break;
                case 10: schema["uniqueItems"] = random.Next(2) == 0; break;
                case 11: schema[random.Next(2) == 0 ? "minProperties" : "maxProperties"] = random.Next(3); break;
                case 12: schema["required"] = new JsonArray([.. Names.Where(_ => random.Next(3) == 0).Select(static one => (JsonNode)one)]); break;
                case 13: schema["dependentRequired"] = new JsonObject { [Names[random.Next(4)]] = new JsonArray(Names[random.Next(4)]) }; break;
                case 14 or 15: schema["properties"] = Map(depth); break;
                case 16: schema["patternProperties"] = new JsonObject { ["^a"] = Schema(depth - 1), ["b"] = Schema(depth - 1) }; break;
                case 17: schema["additionalProperties"] = Schema(depth - 1); break;
                case 18: schema["propertyNames"] = Schema(depth - 1); break;
                case 19: schema["dependentSchemas"] = Map(depth); break;
                case 20: schema["prefixItems"] = List(depth); break;
                case 21: schema["items"] = Schema(depth - 1); break;
                case 22: Contain(schema, depth); break;
                case 23: schema["allOf"] = List(depth); break;
                case 24: schema["anyOf"] = List(depth); break;
                case 25: schema["oneOf"] = List(depth); break;
                case 26: schema["not"] = Schema(depth - 1); break;
                default: (schema["if"], schema["then"], schema["else"]) = (Schema(depth - 1), Schema(depth - 1), Schema(depth - 1)); break;
            }
        }

        private void Contain(JsonObject schema, int depth)
        {
            schema["contains"] = Schema(depth - 1);
            if (random.Next(3) == 0) schema["minContains"] = random.Next(3);
            if (random.Next(3) == 0) schema["maxContains"] = random.Next(1, 3);
        }

        private JsonObject Map(int depth) => new(Names.Where(_ => random.Next(2) == 0).Select(name => KeyValuePair.Create(name, (JsonNode?)Schema(depth - 1))));

        private JsonArray List(int depth) => new([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Schema(depth - 1))]);
    }
}
