using System.Globalization;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Bench;

/// <summary>Corpus A of a capsule: what is told, and what is asked of it.</summary>
internal sealed class CapsuleFacts
{
    /// <summary>The first value of a key holds since <see cref="Before"/>, the second since <see cref="Since"/>.</summary>
    private static readonly DateTimeOffset Before = new(2022, 3, 1, 9, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Between = new(2023, 6, 1, 9, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Since = new(2024, 9, 1, 9, 0, 0, TimeSpan.Zero);

    private readonly CapsuleFile _capsule;
    private readonly Random _random;
    private readonly CapsuleWords _words;
    private readonly List<MemoryDraft> _drafts = [];
    private readonly List<Asked> _questions = [];

    /// <param name="Set">Which check it belongs to; <c>stranger</c> and <c>never_told</c> have no evidence.</param>
    /// <param name="AsOf">Null asks of now.</param>
    /// <param name="Evidence">The id of the fact that answers it; null when none does.</param>
    internal sealed record Asked(string Set, bool HeldOut, string Text, DateTimeOffset? AsOf, string? Evidence);

    private CapsuleFacts(CapsuleFile capsule, int seed)
    {
        (_capsule, _random) = (capsule, new Random(seed));
        _words = new CapsuleWords(capsule, _random);
    }

    public IReadOnlyList<MemoryDraft> Drafts => _drafts;

    public IReadOnlyList<Asked> Questions => _questions;

    public static CapsuleFacts Of(CapsuleFile capsule, int seed)
    {
        var facts = new CapsuleFacts(capsule, seed);
        foreach (var telling in capsule.Tellings)
            foreach (var person in capsule.People)
                for (var time = 0; time < telling.Times; time++)
                    if (telling.Family == "update") facts.Update(telling, person);
                    else facts.Tell(telling, person);
        facts.AskWhatNobodyTold();
        return facts;
    }

    private void Tell(CapsuleFile.Telling telling, string person)
    {
        var slots = _words.Draw(person, [telling.Text, .. telling.Open, .. telling.HeldOut]);
        var at = slots.TryGetValue("month", out var month) ? CapsuleWords.Middle(month) : Before.AddHours(_random.Next(20_000));
        var id = Add(telling, slots, at, null);
        foreach (var heldOut in new[] { false, true })
            if (Pick(heldOut ? telling.HeldOut : telling.Open) is { } template)
                _questions.Add(new Asked(telling.Family, heldOut, CapsuleWords.Fill(template, slots), _capsule.AskedAt, id));
    }

    /// <summary>Two memories of one key; asked for what holds now and for what held between them.</summary>
    private void Update(CapsuleFile.Telling telling, string person)
    {
        var old = _words.Draw(person, telling.Text);
        var current = _words.Draw(person, telling.Text);
        while (CapsuleWords.Fill(telling.Text, current) == CapsuleWords.Fill(telling.Text, old)) current = _words.Draw(person, telling.Text);
        var key = CapsuleWords.Fill(telling.Key!, old);
        var (first, second) = (Add(telling, old, Before, key), Add(telling, current, Since, key));
        foreach (var heldOut in new[] { false, true })
        {
            if (Pick(heldOut ? telling.HeldOut : telling.Open) is not { } template) continue;
            var text = CapsuleWords.Fill(template, current);
            _questions.Add(new Asked("update_current", heldOut, text, null, second));
            _questions.Add(new Asked("update_as_of", heldOut, text, Between, first));
        }
    }

    /// <summary>As many of strangers as of what was never told of people who are known.</summary>
    private void AskWhatNobodyTold()
    {
        var tellings = _capsule.Tellings.Where(telling => telling.Family == "paraphrase").ToList();
        foreach (var stranger in _capsule.Unknown.Strangers)
            foreach (var telling in tellings)
            {
                var slots = _words.Draw(stranger, [telling.Text, .. telling.HeldOut]);
                _questions.Add(new Asked("stranger", true, CapsuleWords.Fill(Pick(telling.HeldOut)!, slots), _capsule.AskedAt, null));
            }
        for (var i = 0; i < _capsule.Unknown.Strangers.Count; i++)
            foreach (var template in _capsule.Unknown.NeverTold)
                _questions.Add(new Asked("never_told", true, CapsuleWords.Fill(template, _words.Draw(_capsule.People[_random.Next(_capsule.People.Count)])), _capsule.AskedAt, null));
    }

    private string Add(CapsuleFile.Telling telling, IReadOnlyDictionary<string, CapsuleFile.Value> slots, DateTimeOffset at, string? key)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"fact-{_drafts.Count:00000}");
        _drafts.Add(new MemoryDraft(CapsuleWords.Fill(telling.Text, slots), "fact", id, EventTime: at, Key: key, ValidFrom: key is null ? null : at));
        return id;
    }

    private string? Pick(IReadOnlyList<string> templates) => templates.Count == 0 ? null : templates[_random.Next(templates.Count)];
}
