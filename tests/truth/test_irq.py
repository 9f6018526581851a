# irq: interrupts as /proc/interrupts, /proc/irq and /sys/kernel/irq had them; counts went on until the crash.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

# Exceptions of the architecture, and what the kernel calls their handlers.
GATES = {0: "asm_exc_divide_error", 3: "asm_exc_int3", 6: "asm_exc_invalid_op", 13: "asm_exc_general_protection",
         14: "asm_exc_page_fault"}


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def record(kernel):
    """{label: (counts, rest)} of /proc/interrupts, in its order"""
    lines = kernel.truth("proc/interrupts").splitlines()
    cpus = len(lines[0].split())
    found = {}
    for line in lines[1:]:
        label, rest = line.split(":", 1)
        words = rest.split()
        counts = [int(word) for word in words[:cpus] if word.isdigit()]
        found[label.strip()] = (counts, " ".join(words[len(counts):]))
    return found


def sysfs(kernel):
    """{number: {file: text}}"""
    found = {}
    for path in kernel.truth_paths("sys/kernel/irq/*/*"):
        found.setdefault(int(path.parent.name), {})[path.name] = path.read_text().strip()
    return found


def expect_counts(got, wanted, what):
    """Not fewer than recorded, and not many more: the guest ran on for some seconds."""
    expect(len(got) >= len(wanted), f"{what}: {got} for {wanted}")
    for cpu, (now, then) in enumerate(zip(got, wanted)):
        expect(then <= now <= 10 * then + 20000, f"{what} on CPU {cpu}: {now}, recorded {then}")


def test_handled(kernel):
    """-s: the same numbers, chips, kinds and names; counts at least as high."""
    known = {int(label): value for label, value in record(kernel).items() if label.isdigit()}
    got = {row["irq"]: row for row in rows(kernel, "irq -s")}
    equal(sorted(got), sorted(known), "interrupts that have a handler")
    files = sysfs(kernel)
    for number, (counts, rest) in known.items():
        row, file = got[number], files[number]
        expect_counts(row["counts"], counts, f"irq {number}")
        equal((row["chip"], row["flow"], row["hwirq"]), (file["chip_name"], file["name"], int(file["hwirq"])), f"irq {number}")
        equal(",".join(row["names"]), file["actions"], f"irq {number}: who handles it")
        expect(rest.startswith(row["chip"]) and rest.endswith(", ".join(row["names"])), f"irq {number}: {rest!r} and {row}")
        expect(f"-{row['flow']} " in rest, f"irq {number}: {rest!r} and {row['flow']}")
        expect_counts(row["counts"], [int(word) for word in file["per_cpu_count"].split(",")], f"irq {number} in /sys")


def test_counts_text(kernel):
    lines = kernel.crash("irq -s").splitlines()
    equal(lines[0].split(), ["CPU0", "CPU1"], "heading")
    for line, row in zip(lines[1:], rows(kernel, "irq -s"), strict=True):
        counts = "".join(f" {count:>10}" for count in row["counts"])
        equal(line.rstrip(), f"{row['irq']:>3}:{counts} {row['chip']:>8}-{row['flow']:<8} {' '.join(row['names'])}".rstrip(), "a line")


def test_counts_of_some_cpus(kernel):
    whole = {row["irq"]: row["counts"] for row in rows(kernel, "irq -s")}
    for cpus, columns in (("0", [0]), ("1", [1]), ("0,1", [0, 1]), ("0-1", [0, 1])):
        some = rows(kernel, f"irq -s -c {cpus}")
        equal({row["irq"]: row["counts"] for row in some}, {n: [counts[i] for i in columns] for n, counts in whole.items()}, cpus)
        equal(some[0]["cpus"], columns, "which CPUs")
    expect(any(counts[0] != counts[1] for counts in whole.values()), "no interrupt came to one CPU more often")


def test_processors_own(kernel):
    """-v: the lines at the end of /proc/interrupts, in their order and with their words."""
    known = [(label, counts, rest) for label, (counts, rest) in record(kernel).items() if not label.isdigit()]
    got = [row for row in rows(kernel, "irq -s -v") if "name" in row]
    equal([(row["name"], row["description"]) for row in got], [(label, rest) for label, _, rest in known], "lines")
    for row, (label, counts, _) in zip(got, known):
        expect_counts(row["counts"] if isinstance(row["counts"], list) else [row["counts"]], counts, label)
    lines = kernel.crash("irq -s -v").splitlines()[-len(got):]
    for line, row in zip(lines, got):
        equal(line.split(":")[0].strip(), row["name"], line)
        expect(line.rstrip().endswith(row["description"]), line)


def test_descriptors(kernel):
    """Numbers with a descriptor are those of /sys/kernel/irq; handlers are functions."""
    files = sysfs(kernel)
    used = rows(kernel, "irq -u")
    equal(sorted({row["irq"] for row in used}), sorted(files), "descriptors")
    everything = rows(kernel, "irq")
    equal([row for row in everything if row["irq_desc"]], used, "irq without the empty numbers")
    equal(sorted({row["irq"] for row in everything}), list(range(everything[-1]["irq"] + 1)), "numbers")
    expect(any(not row["irq_desc"] for row in everything), "each number has a descriptor")
    names = {}
    for row in used:
        if row["irqaction"]:
            names.setdefault(row["irq"], []).append(row["name"])
            symbol = kernel.crash(f"sym {row['handler'][2:]}") if row["irq"] < 5 else "(t)"
            expect(re.search(r"\([tT]\)", symbol), f"irq {row['irq']}: {symbol}")
    equal({n: ",".join(actions) for n, actions in names.items()},
          {n: file["actions"] for n, file in files.items() if file["actions"]}, "actions")


def test_irqaction(kernel):
    """The addresses are of the structures that they are said to be."""
    for row in rows(kernel, "irq 1 4"):
        expect(f'"{row["name"]}"' in kernel.crash(f"struct irqaction.name {row['irqaction'][2:]}"), row)
        equal(json.loads(kernel.crash(f"struct irq_desc.action {row['irq_desc'][2:]} --json"))["value"]["action"], row["irqaction"], row)


def test_one_line(kernel):
    lines = kernel.crash("irq 4").splitlines()
    equal(lines[0], " IRQ   IRQ_DESC/_DATA      IRQACTION      NAME", "heading")
    expect(re.fullmatch(r'  4   [0-9a-f]{16}  [0-9a-f]{16}  "ttyS0"', lines[1]), lines[1])


def test_affinity(kernel):
    known = {int(path.parent.name): int(path.read_text().replace(",", ""), 16) for path in kernel.truth_paths("proc/irq/*/smp_affinity")}
    got = rows(kernel, "irq -a")
    handled = {n for n, file in sysfs(kernel).items() if file["actions"]}
    equal({row["irq"] for row in got}, handled, "interrupts")
    for row in got:
        mask = 0
        for part in row["affinity"].split(","):
            first, _, last = part.partition("-")
            for cpu in range(int(first), int(last or first) + 1):
                mask |= 1 << cpu
        # The kernel shows what can be there; a mask may name CPUs that cannot.
        equal(mask & 3, known[row["irq"]] & 3, f"irq {row['irq']}")
    expect(len({row["affinity"] for row in got}) > 1, "all have one affinity")


def test_soft_interrupts(kernel):
    known = [line.split(":")[0].strip() for line in kernel.truth("proc/softirqs").splitlines()[1:]]
    got = rows(kernel, "irq -b")
    equal([(row["softirq"], row["name"]) for row in got], list(enumerate(known)), "soft interrupts")
    functions = {row["name"]: row["function"] for row in got}
    equal([functions[name] for name in ("TIMER", "NET_RX", "TASKLET", "RCU")],
          ["run_timer_softirq", "net_rx_action", "tasklet_action", "rcu_core_si"], "functions")
    for row in got:
        expect(f" {row['function']}" in kernel.crash(f"sym {row['action'][2:]}"), row)
    lines = kernel.crash("irq -b").splitlines()
    equal(lines[0], "SOFTIRQ_VEC      ACTION     ", "heading")
    equal(lines[1], f"    [0]     {got[0]['action'][2:]}  <{got[0]['function']}>", "a line")


def test_tasklets(kernel):
    """-v: what waits; the guest's were all run, or are functions."""
    lines = kernel.crash("irq -b -v").splitlines()[11:]
    for row in [row for row in rows(kernel, "irq -b -v") if "tasklet" in row]:
        expect(re.match(r"\w+(\+\d+)?", row["function"]), row)
    expect(lines and (lines == ["no tasklet waits"] or lines[0].split() == ["CPU", "TASKLET", "HIGH", "FUNCTION"]), lines)


def test_gates(kernel):
    got = rows(kernel, "irq -d")
    equal([row["vector"] for row in got], list(range(256)), "vectors")
    for vector, name in GATES.items():
        equal(got[vector]["name"], name, f"vector {vector}")
    equal(got[128]["name"].split("+")[0] in ("asm_int80_emulation", "entry_INT80_compat", "asm_exc_int80_emulation", "int80_emulation"), True,
          f"the system call: {got[128]['name']}")
    # The kernel's own text has each of them, or no gate is set.
    for row in got[:32]:
        expect(row["handler"] == "0x0" or re.fullmatch(r"asm_\w+(\+\d+)?", row["name"]) or row["name"].startswith("early_"), row)
    equal(kernel.crash("irq -d").splitlines()[14], " [14] asm_exc_page_fault", "a line")


def test_refusals(kernel):
    for command, wanted in (
        ("irq nosuch", "irq: invalid irq index: nosuch"),
        ("irq 999999", "irq: invalid irq index: 999999 (this kernel has "),
        ("irq -s -c 77", "irq: "),
        ("irq -u 4", "irq: -u takes no index"),
        ("irq -a -s", "irq: -a and -s do not go together"),
        ("irq -c 0", "irq: -c is for -s only"),
        ("irq -a -v", "irq: -v is for -s and -b only"),
    ):
        expect(kernel.crash(command).startswith(wanted), f"{command}: {kernel.crash(command)!r}")
