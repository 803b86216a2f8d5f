# A block is one job, one process and one batched program. What it has trained outlives the deletion of its output.
rule train:
    output:
        "<results>/{study}/blocks/{block}.parquet",
    log:
        "<logs>/{study}/train-{block}.log",
    benchmark:
        "<benchmarks>/{study}/train-{block}.tsv"
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=train_mb,
        runtime=train_minutes,
    params:
        spec=block_spec,
        own=lambda wildcards: STUDIES[wildcards.study].own,
        code=stage_code("train"),
    message:
        "Training block {wildcards.block} of study {wildcards.study}"
    shell:
        "decaybench train --spec {params.spec:q} --seeds-per-block {params.own} --output {output:q} 2> {log:q}"


rule collect:
    input:
        blocks=blocks_of,
    output:
        cells="<results>/{study}/cells.parquet",
        history="<results>/{study}/history.parquet",
        timings="<results>/{study}/timings.json",
    log:
        "<logs>/{study}/collect.log",
    benchmark:
        "<benchmarks>/{study}/collect.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        spec=study_spec,
        blocks=lambda wildcards: STUDIES[wildcards.study].block_range,
        code=stage_code("collect"),
    message:
        "Gathering the cells of study {wildcards.study}"
    shell:
        "decaybench collect --spec {params.spec:q} --cells {output.cells:q} --history {output.history:q}"
        ' --timings {output.timings:q} --folder "$(dirname {input.blocks[0]:q})" --names {params.blocks} 2> {log:q}'


rule cost:
    output:
        cost="<results>/_machine/timings.json",
    log:
        "<logs>/cost.log",
    benchmark:
        "<benchmarks>/cost.tsv"
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        code=jobs.stage_code("cost"),
    message:
        "Timing a step with and without decay"
    shell:
        "decaybench cost --output {output.cost:q} 2> {log:q}"


rule splits:
    output:
        "<results>/{study}/splits.parquet",
    log:
        "<logs>/{study}/splits.log",
    benchmark:
        "<benchmarks>/{study}/splits.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=table_mb,
        runtime=tables_minutes,
    params:
        study=study_config,
        code=stage_code("splits"),
    message:
        "Writing which rows each split of study {wildcards.study} uses"
    shell:
        "decaybench splits --study {params.study:q} --output {output:q} 2> {log:q}"


rule refit:
    input:
        cells=rules.collect.output.cells,
    output:
        directory("<results>/{study}/model"),
    log:
        "<logs>/{study}/refit.log",
    benchmark:
        "<benchmarks>/{study}/refit.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=table_mb,
        runtime=tables_minutes,
    params:
        study=study_config,
        code=stage_code("refit"),
    message:
        "Training the model to use of study {wildcards.study}"
    shell:
        "decaybench refit --study {params.study:q} --cells {input.cells:q} --output {output:q} 2> {log:q}"
