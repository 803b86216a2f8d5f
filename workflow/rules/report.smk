rule draw:
    input:
        cells=rules.analyse.output.cells,
        facts=rules.analyse.output.facts,
        series=rules.analyse.output.series,
    output:
        figures=report(
            directory("<results>/{study}/figures"),
            patterns=["{figure,[a-z_]+}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{study}",
            labels={"figure": "{figure}"},
        ),
    log:
        "<logs>/{study}/draw.log",
    benchmark:
        "<benchmarks>/{study}/draw.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        study=study_json,
        code=stage_code("draw"),
    message:
        "Drawing the figures of study {wildcards.study}"
    shell:
        'decaybench draw --study {params.study:q} --folder "$(dirname {output.figures:q})" 2> {log:q}'


# Nobody but `snakemake slides` asks for them.
rule draw_slides:
    input:
        cells=rules.analyse.output.cells,
        facts=rules.analyse.output.facts,
        series=rules.analyse.output.series,
    output:
        slides=directory("<results>/{study}/slides"),
    log:
        "<logs>/{study}/draw_slides.log",
    benchmark:
        "<benchmarks>/{study}/draw_slides.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        study=study_json,
        code=stage_code("slides"),
    message:
        "Drawing the slides of study {wildcards.study}"
    shell:
        'decaybench slides --study {params.study:q} --folder "$(dirname {output.slides:q})" 2> {log:q}'


# One process writes the pages of all languages, whichever is asked for.
rule render:
    input:
        facts=rules.judge.output.facts,
        claims=rules.judge.output.claims,
        timings=rules.judge.output.timings,
        manifest=rules.judge.output.manifest,
        figures=of_all_studies("figures"),
        figures_of_all=rules.judge.output.figures,
    output:
        pages=[
            report(
                f"<results>/report.{language}.html",
                caption="../report/page.rst",
                category="Pages",
                labels={"language": language},
            )
            for language in CONFIG.report.languages
        ],
    log:
        "<logs>/render.log",
    benchmark:
        "<benchmarks>/render.tsv"
    localrule: True
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=CONFIG.to_json(),
        code=jobs.stage_code("render", *CONFIG.studies),
    message:
        "Rendering the pages"
    shell:
        'decaybench render --config {params.config:q} --results "$(dirname {output.pages[0]:q})" 2> {log:q}'
