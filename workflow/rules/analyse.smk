rule analyse:
    input:
        cells=rules.collect.output.cells,
        history=rules.collect.output.history,
    output:
        facts="<results>/{study}/facts.json",
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
        study=study_config,
        code=stage_code("analyse"),
    message:
        "Computing facts and intervals of study {wildcards.study}"
    shell:
        "decaybench analyse --study {params.study:q} --cells {input.cells:q} --history {input.history:q}"
        " --facts {output.facts:q} --summary {output.summary:q} --series {output.series:q} 2> {log:q}"


rule judge:
    input:
        cells=of_all_studies("cells.parquet"),
        history=of_all_studies("history.parquet"),
    output:
        claims="<results>/claims.json",
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
        config=jobs.question(CONFIG),
        code=jobs.stage_code("judge", *CONFIG.studies),
    message:
        "Judging the claims"
    shell:
        "decaybench judge --config {params.config:q} --cells {input.cells:q} --history {input.history:q}"
        " --claims {output.claims:q} 2> {log:q}"


rule gather:
    input:
        cost=rules.cost.output.cost,
        claims=rules.judge.output.claims,
        facts=of_all_studies("facts.json"),
        timings=of_all_studies("timings.json"),
    output:
        facts="<results>/facts.json",
        timings="<results>/timings.json",
        manifest="<results>/manifest.json",
    log:
        "<logs>/gather.log",
    benchmark:
        "<benchmarks>/gather.tsv"
    localrule: True
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=jobs.question(CONFIG),
        code=jobs.stage_code("gather"),
    message:
        "Gathering the facts of all studies"
    shell:
        "decaybench gather --config {params.config:q} --cost {input.cost:q} --claims {input.claims:q} --study-facts {input.facts:q}"
        " --study-timings {input.timings:q} --facts {output.facts:q} --timings {output.timings:q} --manifest {output.manifest:q} 2> {log:q}"
