rule analyse:
    input:
        blocks=blocks_of,
    output:
        cells="<results>/{study}/cells.parquet",
        history="<results>/{study}/history.parquet",
        timings="<results>/{study}/timings.json",
        facts="<results>/{study}/facts.json",
        findings="<results>/{study}/findings.json",
        summary="<results>/{study}/summary.csv",
        series="<results>/{study}/series.parquet",
    log:
        "<logs>/{study}/analyse.log",
    benchmark:
        "<benchmarks>/{study}/analyse.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        study=study_json,
        size=seeds_in_blocks,
        own=seeds_per_block,
        code=stage_code("analyse"),
    message:
        "Merging the cells of study {wildcards.study} and computing facts and intervals"
    shell:
        'decaybench analyse --study {params.study:q} --folder "$(dirname {output.facts:q})"'
        " --seeds-in-blocks {params.size} --seeds-per-block {params.own} 2> {log:q}"


rule judge:
    input:
        cost=rules.cost.output.cost,
        cells=of_all_studies("cells.parquet"),
        history=of_all_studies("history.parquet"),
        facts=of_all_studies("facts.json"),
        timings=of_all_studies("timings.json"),
    output:
        claims="<results>/claims.json",
        facts="<results>/facts.json",
        timings="<results>/timings.json",
        manifest="<results>/manifest.json",
        figures=directory("<results>/_figures"),
    log:
        "<logs>/judge.log",
    benchmark:
        "<benchmarks>/judge.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        config=CONFIG.to_json(),
        code=jobs.stage_code("judge", *CONFIG.studies),
    message:
        "Judging the claims and gathering the facts of all studies"
    shell:
        'decaybench judge --config {params.config:q} --results "$(dirname {output.facts:q})" 2> {log:q}'
