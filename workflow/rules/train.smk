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
        study=block_study,
        seeds=block_seeds,
        own=seeds_per_block,
        code=stage_code("train"),
    message:
        "Training block {wildcards.block} of study {wildcards.study}"
    shell:
        "decaybench train --study {params.study:q} --seeds {params.seeds} --seeds-per-block {params.own}"
        " --output {output:q} 2> {log:q}"


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
        study=study_json,
        code=stage_code("splits"),
    message:
        "Writing which rows each split of study {wildcards.study} uses"
    shell:
        "decaybench splits --study {params.study:q} --output {output:q} 2> {log:q}"


rule refit:
    input:
        cells="<results>/{study}/cells.parquet",
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
        study=study_json,
        code=stage_code("refit"),
    message:
        "Training the model to use of study {wildcards.study}"
    shell:
        "decaybench refit --study {params.study:q} --cells {input.cells:q} --output {output:q} 2> {log:q}"
