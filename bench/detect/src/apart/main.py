def main():
    prompts, kind, seed, out = sys.argv[1:]
    log = Log(f"{seed} {kind}")
    customers(log, prompts)
    if kind in CAMPAIGNS:
        campaign(log, prompts, *CAMPAIGNS[kind])
    elif kind in LOOK_ALIKES:
        look_alikes(log, prompts, kind)
    elif kind in WAYS:
        play(log, prompts, WAYS[kind])
    elif kind in INNOCENTS:
        INNOCENTS[kind](Group(log, prompts))
    elif kind == "stolen-keys":
        stolen(log, prompts)
    elif kind != "customers":
        kinds = [*CAMPAIGNS, *WAYS, *LOOK_ALIKES, *INNOCENTS, "stolen-keys"]
        sys.exit(f"no such kind: {kind}; there are customers, {', '.join(kinds)}")
    log.write(out)


main()
