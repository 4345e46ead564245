using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Extensions;
using ArchUnitNET.Loader;
using SomaStack.Server;

namespace SomaStack.Tests.Architecture;

/// <summary>
/// The walls between rooms, over every dependency of the compiled code, async lambdas included. The compiler keeps the bands; this
/// keeps the rooms inside them.
/// </summary>
public sealed class WallTests
{
    private static readonly string[] Bands = ["Governance", "Intelligence", "Agents", "Operations", "Server"];

    /// <summary>The rooms of a band in the order in which they may call each other: upward in this list.</summary>
    private static readonly Dictionary<string, string[]> Order = new()
    {
        ["Governance"] = ["Identity", "Approvals", "Settings", "Constitution", "Billing", "Policy"],
        ["Intelligence"] = ["Inference", "Memory", "Benchmarks"],
        ["Agents"] = ["Tools", "Capsules", "Sessions", "Workflows", "Voice", "Protocols"],
        ["Operations"] = ["Notifications", "Analytics"],
        ["Server"] = ["Edge", "Console"],
    };

    /// <summary>The smallest number of edges that proves that the loader saw the house and not an empty folder.</summary>
    private const int EdgesMin = 100;

    private static readonly ArchUnitNET.Domain.Architecture House = new ArchLoader()
        .LoadAssemblies([.. SomaServer.Rooms.Select(room => room.Assembly).Append(typeof(SomaServer).Assembly).Distinct()]).Build();

    [Fact]
    public void A_room_uses_only_the_contract_of_another_and_only_of_those_before_it()
    {
        var faults = new List<string>();
        var edges = 0;
        foreach (var type in House.Types)
        {
            if (RoomOf(type.FullName) is not { } from) continue;
            foreach (var target in type.Dependencies.Select(dependency => dependency.Target.FullName))
            {
                if (RoomOf(target) is not { } to || to == from) continue;
                edges++;
                if (from.Band == "Server") continue;
                if (!IsContract(target) && !IsModule(target)) faults.Add($"{type.FullName} reaches into {target}");
                if (from.Band == to.Band && Place(to) > Place(from)) faults.Add($"{type.FullName} calls upward into {target}");
            }
        }
        Assert.True(edges > EdgesMin, $"Only {edges} edges between rooms were seen; the loader missed the house.");
        Assert.Empty(faults.Distinct());
    }

    [Fact]
    public void Nothing_of_a_room_is_public_but_its_contract_and_its_module()
    {
        var open = House.Types
            .Where(type => RoomOf(type.FullName) is { Band: not "Server" } && type.Visibility == Visibility.Public && !type.IsNested)
            .Select(type => type.FullName)
            .Where(name => !IsContract(name) && !IsModule(name) && !name.StartsWith("Microsoft.", StringComparison.Ordinal))
            .ToList();
        Assert.Empty(open);
    }

    [Fact]
    public void The_platform_knows_no_room()
    {
        var faults = House.Types.Where(type => type.FullName.StartsWith("SomaStack.Platform", StringComparison.Ordinal))
            .SelectMany(type => type.Dependencies.Select(dependency => dependency.Target.FullName).Where(target => RoomOf(target) is not null).Select(target => $"{type.FullName} knows {target}"));
        Assert.Empty(faults);
    }

    [Fact]
    public void Every_room_is_listed_once_in_the_house_and_in_its_order()
    {
        var listed = SomaServer.Rooms.Select(room => room.Name).ToList();
        Assert.Equal(listed.Distinct(), listed);
        var expected = new[] { "Journal" }.Concat(Bands.SelectMany(band => Order[band])).Where(listed.Contains);
        Assert.Equal(expected, listed);
    }

    private static (string Band, string Room)? RoomOf(string name)
    {
        var parts = name.Split('.', 4);
        return parts.Length >= 4 && parts[0] == "SomaStack" && Order.TryGetValue(parts[1], out var rooms) && rooms.Contains(parts[2]) ? (parts[1], parts[2]) : null;
    }

    private static int Place((string Band, string Room) room) => Array.IndexOf(Order[room.Band], room.Room);

    private static bool IsContract(string name) => name.Contains(".Contracts.", StringComparison.Ordinal);

    private static bool IsModule(string name) => name.EndsWith("Module", StringComparison.Ordinal);
}
