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
