using System.Text;
using System.Text.Json;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools;

public sealed class ActionSchemaTests
{
    public static TheoryData<string, string, bool> Cases => new()
    {
        { "true", "1", true }, { "false", "1", false }, { "{}", "null", true },
        { """{"type":"integer"}""", "1.0", true }, { """{"type":"integer"}""", "1.5", false }, { """{"type":"integer"}""", "1e400", false }, { """{"type":["string","null"]}""", "null", true },
        { """{"type":"number"}""", "\"1\"", false }, { """{"enum":[1,"a",null]}""", "1.0", true }, { """{"enum":[[1]]}""", "[1.0]", true }, { """{"const":{"a":1,"b":2}}""", """{"b":2,"a":1}""", true },
        { """{"const":0}""", "false", false }, { """{"multipleOf":0.01}""", "0.07", true }, { """{"multipleOf":0.01}""", "0.075", false }, { """{"multipleOf":0.123456789}""", "1e308", false },
        { """{"minimum":9007199254740993}""", "9007199254740992", false }, { """{"exclusiveMaximum":3}""", "3", false }, { """{"exclusiveMinimum":3}""", "3.0001", true },
        { """{"maxLength":2}""", "\"\ud83d\ude00\ud83d\ude00\"", true }, { """{"minLength":3}""", "\"\ud83d\ude00\ud83d\ude00\"", false }, { """{"pattern":"^a+$"}""", "\"aaa\"", true },
        { """{"pattern":"^a+$"}""", "\"aaa\\n\"", false }, { """{"pattern":"^\\d$"}""", "\"\u0969\"", false }, { """{"pattern":"\\p{Letter}"}""", "\"\u00e9\"", true }, { """{"pattern":"b"}""", "\"abc\"", true },
        { """{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}""", """["a",1,2]""", true }, { """{"prefixItems":[{"type":"string"}],"items":false}""", """["a",1]""", false },
        { """{"contains":{"const":1},"minContains":2}""", "[1,2]", false }, { """{"contains":{"const":1},"minContains":0}""", "[]", true },
        { """{"contains":true}""", "[]", false }, { """{"contains":true,"minContains":2,"prefixItems":[true]}""", "[]", false }, { """{"items":{"contains":true}}""", "[[1],[]]", false },
        { """{"contains":{"const":1},"maxContains":1}""", "[1,1]", false },
        { """{"uniqueItems":true}""", """[1,1.0]""", false }, { """{"uniqueItems":true}""", """[1,true,"1",[1]]""", true }, { """{"uniqueItems":true}""", """[{"a":1,"b":2},{"b":2,"a":1}]""", false },
        { """{"properties":{"a":false}}""", """{"b":1}""", true }, { """{"properties":{"a":false}}""", """{"a":1}""", false }, { """{"required":["a"]}""", "[]", true }, { """{"required":["a"]}""", "{}", false },
        { """{"patternProperties":{"^x":{"type":"string"}},"additionalProperties":false}""", """{"x1":"a"}""", true }, { """{"patternProperties":{"^x":true},"additionalProperties":false}""", """{"y":1}""", false },
        { """{"propertyNames":{"maxLength":2}}""", """{"abc":1}""", false }, { """{"dependentRequired":{"a":["b"]}}""", """{"a":1}""", false }, { """{"dependentSchemas":{"a":{"required":["b"]}}}""", """{"c":1}""", true },
        { """{"minProperties":1}""", "{}", false }, { """{"maxProperties":1}""", """{"a":1,"b":2}""", false },
        { """{"oneOf":[{"type":"number"},{"minimum":3}]}""", "4", false }, { """{"oneOf":[{"type":"number"},{"minimum":3}]}""", "1", true }, { """{"not":{"type":"null"}}""", "null", false },
        { """{"if":{"type":"string"},"then":{"minLength":2},"else":{"const":1}}""", "\"a\"", false }, { """{"if":{"type":"string"},"then":{"minLength":2},"else":{"const":1}}""", "1", true },
        { """{"$defs":{"n":{"type":"integer"}},"$ref":"#/$defs/n","minimum":5}""", "4", false }, { """{"$defs":{"a~b/c":{"type":"integer"}},"$ref":"#/$defs/a~0b~1c"}""", "\"x\"", false },
        { """{"$ref":"#/definitions/old","definitions":{"old":{"const":1}}}""", "2", false }, { """{"$defs":{"n":{"$anchor":"here","const":1}},"$ref":"#here"}""", "1", true },
        { """{"$id":"https://a.example/root","$defs":{"n":{"$id":"sub","$defs":{"m":{"const":1}},"$ref":"#/$defs/m"}},"$ref":"sub"}""", "2", false },
        { """{"$id":"urn:x:root","$defs":{"n":{"$id":"urn:x:n","const":1}},"$ref":"urn:x:n"}""", "1", true },
        { """{"properties":{"child":{"$ref":"#"}},"additionalProperties":false}""", """{"child":{"child":{}}}""", true }, { """{"properties":{"child":{"$ref":"#"}},"additionalProperties":false}""", """{"child":{"x":1}}""", false },
        { """{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}""", """{"a":1}""", true }, { """{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}""", """{"b":1}""", false },
        { """{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true},"required":["b"]}],"unevaluatedProperties":false}""", """{"a":2,"b":1}""", false },
        { """{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"unevaluatedProperties":false}""", """{"a":1,"b":2}""", true },
        { """{"prefixItems":[true],"unevaluatedItems":false}""", "[1,2]", false }, { """{"contains":{"type":"string"},"unevaluatedItems":{"type":"integer"}}""", """["a",1]""", true },
        { """{"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false}""", """{"a":1}""", true },
        { """{"$id":"https://a.example/tree","$dynamicAnchor":"node","properties":{"children":{"items":{"$dynamicRef":"#node"}}},"$defs":{}}""", """{"children":[{"children":"no list"}]}""", true },
        { """
          {"$id":"https://a.example/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false,
           "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}}}}
          """, """{"children":[{"daat":1}]}""", false },
        { """{"format":"email"}""", "\"no mail\"", true }, { """{"unknown":{"$ref":"elsewhere.json"}}""", "1", true },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_value_fits_or_not_as_the_standard_says(string schema, string value, bool fits)
    {
        var errors = ActionSchema.Compile(JsonDocument.Parse(schema).RootElement).Check(JsonDocument.Parse(value).RootElement);
        Assert.True(fits == (errors.Count == 0), string.Join('\n', errors));
    }

    [Fact]
    public void What_does_not_fit_is_named_by_its_pointer()
    {
        var schema = Compile("""{"type":"object","properties":{"pets":{"type":"array","items":{"type":"object","required":["name"],"properties":{"age":{"type":"integer"}}}}},"additionalProperties":false}""");
        var errors = schema.Check(JsonDocument.Parse("""{"pets":[{"name":"a"},{"age":"old"}],"a/b":1}""").RootElement);
        Assert.Equal(["/a~1b", "/pets/1/age", "/pets/1/name"], errors.Select(error => error.Field).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { """{"$ref":"https://example.com/schema"}""", "leads outside" }, { """{"$ref":"other.json#/a"}""", "leads outside" }, { """{"$ref":"#/$defs/none"}""", "leads to nothing" }, { """{"$ref":"#none"}""", "leads to nothing" },
        { """{"type":"text"}""", "types of JSON" }, { """{"minLength":-1}""", "whole number" }, { """{"required":"a"}""", "list of names" }, { """{"allOf":{}}""", "list of schemas" }, { """{"properties":{"a":1}}""", "must be a schema" },
        { """{"pattern":"(a"}""", "linear time" }, { """{"pattern":"(a)\\1"}""", "linear time" }, { """{"pattern":"(?=a)b"}""", "linear time" }, { """{"multipleOf":0}""", "above 0" }, { "[]", "must be a schema" },
        { "{\"pattern\":\"" + new string('a', 2000) + "\"}", "more than" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void A_schema_that_means_nothing_or_leads_out_is_refused(string schema, string why) =>
        Assert.Contains(ActionSchema.Faults(JsonDocument.Parse(schema).RootElement, "/input"), fault => fault.Message.Contains(why, StringComparison.Ordinal) && fault.Field.StartsWith("/input", StringComparison.Ordinal));

    [Fact]
    public void Bombs_are_refused_when_they_are_read_or_when_they_go_off()
    {
        var deep = new StringBuilder("true");
        for (var i = 0; i < 60; i++) deep.Insert(0, "{\"not\":").Append('}');
        Assert.NotEmpty(Faults(deep.ToString()));
        Assert.NotEmpty(Faults("{\"anyOf\":[" + string.Join(',', Enumerable.Repeat("{}", 5000)) + "]}"));
        Assert.NotEmpty(Faults("{\"description\":\"" + new string('x', 200_000) + "\"}"));
        // Each reference doubles the work: 2^40 schemas from forty lines.
        var doubling = "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"d{i}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/d{i + 1}\"}},{{\"$ref\":\"#/$defs/d{i + 1}\"}}]}}")) + ",\"d40\":true}}";
        Assert.Equal("tool_arguments_too_complex", Assert.Throws<Problem>(() => Check(doubling, "1")).Code.Code);
        Assert.Equal("tool_arguments_too_complex", Assert.Throws<Problem>(() => Check("""{"$ref":"#"}""", "1")).Code.Code);
        Assert.Equal("tool_arguments_too_complex", Assert.Throws<Problem>(() => Check("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}""", "1")).Code.Code);
        var many = "[" + string.Join(',', Enumerable.Range(0, 5000)) + "]";
        Assert.Equal("tool_arguments_too_complex", Assert.Throws<Problem>(() => Check("""{"uniqueItems":true}""", many)).Code.Code);
    }

    [Fact]
    public void A_pattern_that_would_take_for_ever_elsewhere_is_linear_here()
    {
        var since = TimeProvider.System.GetTimestamp();
        Assert.NotEmpty(Compile("""{"pattern":"^(a+)+$"}""").Check(JsonDocument.Parse("\"" + new string('a', 50_000) + "!\"").RootElement));
        Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(5));
    }

    private static IReadOnlyList<FieldError> Faults(string schema) => ActionSchema.Faults(JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = 200 }).RootElement, "");

    private static ActionSchema Compile(string schema) => ActionSchema.Compile(JsonDocument.Parse(schema).RootElement);

    private static IReadOnlyList<FieldError> Check(string schema, string value) => Compile(schema).Check(JsonDocument.Parse(value).RootElement);
}
