using System.Globalization;
using System.Text.Encodings.Web;
using Fluid;
using Fluid.Ast;
using Fluid.Values;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Liquid, cut down to what cannot run away: a few tags and filters, none of which makes text grow by itself; steps and output are
/// bounded. What is not known is an error, not an empty text.
/// </summary>
internal static class TemplateEngine
{
    /// <summary>Of one part.</summary>
    public const int SourceMax = 50_000;

    public const int OutputMax = 500_000;

    private const int StepsMax = 20_000;
    private const int DepthMax = 20;

    private static readonly string[] Tags = ["assign", "if", "unless", "case", "for", "break", "continue", "comment", "raw", "#"];
    private static readonly string[] Filters = ["upcase", "downcase", "capitalize", "truncate", "truncatewords", "strip", "strip_newlines", "date", "default", "size", "first", "last", "plus", "minus", "round"];

    private static readonly FluidParser Parser = MakeParser();
    private static readonly TemplateOptions Options = MakeOptions();

    /// <summary>The text when it can be used; else what is wrong and where, in <paramref name="fault"/>.</summary>
    public static IFluidTemplate? Parse(string source, out string fault)
    {
        fault = "";
        if (source.Length > SourceMax) fault = $"It has more than {SourceMax} characters.";
        else if (!Parser.TryParse(source, out var template, out var error)) fault = SendDelivery.OneLine(error.Split('\n')[0]).Trim();
        else if (RangeSearch.Finds(template)) fault = "Ranges such as (1..9) are not offered.";
        else return template;
        return null;
    }

    /// <param name="html">Then every value is encoded, whatever the template says.</param>
    /// <exception cref="TemplateFault">A name is unknown, or a bound is reached.</exception>
    public static async Task<string> RenderAsync(IFluidTemplate template, IReadOnlyDictionary<string, object> values, bool html)
    {
        var context = new TemplateContext(Options);
        foreach (var (name, value) in values) context.SetValue(name, FluidValue.Create(value, Options));
        await using var output = new CappedWriter();
        try
        {
            await template.RenderAsync(output, html ? HtmlEncoder.Default : NullEncoder.Default, context);
            return output.ToString();
        }
        catch (Exception exception) when (exception is not (TemplateFault or OperationCanceledException or OutOfMemoryException))
        {
            throw new TemplateFault(SendDelivery.OneLine(exception.Message));
        }
    }

    private static FluidParser MakeParser()
    {
        var parser = new FluidParser(new FluidParserOptions { AllowFunctions = false, AllowParentheses = false, AllowLiquidTag = false });
        foreach (var tag in parser.RegisteredTags.Keys.Except(Tags).ToList()) parser.RegisteredTags.Remove(tag);
        return parser;
    }

    private static TemplateOptions MakeOptions()
    {
        var options = new TemplateOptions
        {
            StrictVariables = true, StrictFilters = true, MaxSteps = StepsMax, MaxRecursion = DepthMax, CultureInfo = CultureInfo.InvariantCulture, TimeZone = TimeZoneInfo.Utc,
            Now = static () => TimeProvider.System.GetUtcNow(),
        };
        var known = Filters.Select(name => (name, options.Filters.TryGetValue(name, out var filter) ? filter : throw new InvalidOperationException($"Fluid has no filter '{name}'."))).ToList();
        options.Filters.Clear();
        foreach (var (name, filter) in known) options.Filters.AddFilter(name, filter);
        return options;
    }

    /// <summary>Fluid makes a list of all numbers of a range before it counts a step.</summary>
    private sealed class RangeSearch : AstVisitor
    {
        private bool _found;

        public static bool Finds(IFluidTemplate template)
        {
            var search = new RangeSearch();
            search.VisitTemplate(template);
            return search._found;
        }

        protected override Expression VisitRangeExpression(RangeExpression rangeExpression)
        {
            _found = true;
            return rangeExpression;
        }

        protected override Expression VisitMemberExpression(MemberExpression memberExpression)
        {
            foreach (var segment in memberExpression.Segments)
                if (segment is IndexerSegment indexer) Visit(indexer.Expression);
            return memberExpression;
        }
    }

    private sealed class CappedWriter : StringWriter
    {
        public CappedWriter() : base(CultureInfo.InvariantCulture)
        {
        }

        public override void Write(char value)
        {
            base.Write(value);
            Check();
        }

        public override void Write(string? value)
        {
            base.Write(value);
            Check();
        }

        public override void Write(char[] buffer, int index, int count)
        {
            base.Write(buffer, index, count);
            Check();
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            base.Write(buffer);
            Check();
        }

        private void Check()
        {
            if (GetStringBuilder().Length > OutputMax) throw new TemplateFault($"It makes more than {OutputMax} characters.");
        }
    }
}

/// <summary>A template cannot be rendered; the message says why, to whoever wrote it.</summary>
internal sealed class TemplateFault(string why) : Exception(why);
